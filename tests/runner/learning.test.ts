/** Attempts that learn: a task that needs more memory than its component says, and one that ends its runner. */
import { afterEach, describe, expect, test } from 'vitest';
import { createJob, runJob, send, JOBS } from '../api/caller.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { canOrSay } from '../support/can-or-say.ts';

let platform: Platform;
afterEach(() => platform.close());

interface Attempt {
  reason: string;
  errorMessage: string;
}

interface Task {
  state: string;
  attempt: number;
  attempts: Attempt[];
}

/** The job's only one; without attempts until there is one. */
async function taskOf(id: string): Promise<Task> {
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/tasks`);
  return (body as { data: Task[] }).data[0] ?? { state: '', attempt: 0, attempts: [] };
}

/** As an ordinary user memory is limited by rlimits, and the task is told by an error of its own. */
const limitsMemory = canOrSay('memory that learns', { root: process.getuid?.() === 0 });

describe.runIf(limitsMemory)('memory', () => {
  test('that did not suffice is doubled for the next attempt, which succeeds', async () => {
    platform = await startPlatform({ env: { BYTENITE_BACKOFF_BASE_MS: '1' } });
    await pushComponent(platform, {
      name: 'hungry',
      type: 'app',
      main: `import os
table = bytearray(90 * 1024 * 1024)
open(os.environ["TASK_RESULTS_DIR"] + "/size", "w").write(str(len(table)))
`,
      manifest: { device_requirements: { min_cpu: 1, min_memory: 0.0625 } },
    });
    const id = await createJob(platform, { app: 'hungry' });
    await runJob(platform, id);
    expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
    const attempts = (await taskOf(id)).attempts;
    expect(attempts.map(({ reason }) => reason)).toEqual(['OUT_OF_MEMORY', '']);
    expect(attempts[0]?.errorMessage).toMatch(
      /^out of memory, limit 64 MiB.*; the next attempt gets 128 MiB$/,
    );
    const { body } = await send(platform, 'POST', '/v1/customer/logs', { jobId: id });
    expect(JSON.stringify(body)).toContain(
      'the task gets 128 MiB of memory instead of 64 MiB: an earlier attempt ran out of it',
    );
  });
});

test('a task whose runner is killed whenever it runs there is tried alone, then quarantined', async () => {
  platform = await startPlatform({ env: { BYTENITE_BACKOFF_BASE_MS: '1' } });
  await pushComponent(platform, {
    name: 'waits',
    type: 'app',
    main: `import time
time.sleep(3600)
`,
  });
  const id = await createJob(platform, { app: 'waits', config: { maxTaskRetries: 0 } });
  await runJob(platform, id);
  for (let loss = 1; loss <= 3; loss += 1) {
    await until(30_000, `attempt ${loss} to run`, async () => {
      const { state, attempt } = await taskOf(id);
      return state === 'TASK_STATE_RUNNING' && attempt === loss ? true : null;
    });
    const { body } = await send(platform, 'POST', '/v1/customer/logs', { jobId: id });
    const said = JSON.stringify(body).includes('the task has its runner for itself');
    expect(said).toBe(loss === 3);
    await platform.runner?.kill();
    await platform.startRunner();
  }
  expect(await waitForJob(platform, id)).toMatchObject({
    state: 'JOB_STATE_FAILED',
    failureReason: 'TASK_FAILED',
  });
  expect((await taskOf(id)).attempts.map(({ reason }) => reason)).toEqual([
    'WORKER_LOST',
    'WORKER_LOST',
    'QUARANTINED',
  ]);
});
