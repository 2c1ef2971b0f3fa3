/** Running, aborting and deleting jobs: what is checked, in which order, and what it leaves (contract 4.2). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, fieldsOf, JOBS, refusal, runJob, send } from './caller.ts';

let platform: Platform;

/** Ends only when it is told to. */
const WAIT = `import signal
print("waiting", flush=True)
signal.pause()
`;
const FILE = { dataSourceDescriptor: 'file' };

beforeAll(async () => {
  platform = await startPlatform();
  await pushComponent(platform, { name: 'plain', type: 'app', main: 'pass' });
  await pushComponent(platform, { name: 'wait', type: 'app', main: WAIT });
  const schema = { type: 'object', required: ['size'] };
  await pushComponent(platform, { name: 'strict', type: 'app', main: 'pass', schema });
  await pushComponent(platform, { name: 'split', type: 'partitioner', main: 'pass', schema });
  await pushComponent(platform, { name: 'asleep', type: 'app', main: 'pass' });
  await platform.call('POST', '/v1/dev/apps/asleep/deactivate');
  const platformConfig = { container: 'python', secrets: ['store'] };
  const manifest = { platform_config: platformConfig };
  await pushComponent(platform, { name: 'secretive', type: 'app', main: 'pass', manifest });
});

afterAll(() => platform.close());

const run = (id: string, body?: unknown) => refusal(platform, 'POST', `${JOBS}/${id}/run`, body);

async function waitingJob(): Promise<string> {
  const id = await createJob(platform, { app: 'wait', config: { maxTaskRetries: 0 } });
  await runJob(platform, id);
  await until(30_000, 'the task to run', async () => {
    const { body } = await send(platform, 'GET', `${JOBS}/${id}`);
    return body.job.taskCounts.TASK_STATE_RUNNING === 1 ? true : null;
  });
  return id;
}

describe('run', () => {
  test('checks the upload before the tags, the tags before secrets, secrets before schemas', async () => {
    const upload = await createJob(platform, { app: 'no-such', dataSource: FILE });
    expect(await run(upload)).toBe('400/9 upload has not been completed');
    const tags = await createJob(platform, { app: 'secretive', partitioner: 'no-such' });
    expect(await run(tags)).toBe('400/9 no active partitioner matches no-such');
    const secrets = await createJob(platform, { app: 'secretive', partitioner: 'split' });
    expect(await run(secrets)).toBe('400/9 secret not found: store');
  });

  test.each([
    [{ app: 'no-such' }, '400/9 no active app matches no-such'],
    [{ app: 'asleep' }, '400/9 no active app matches asleep'],
    [{ app: 'plain@2' }, '400/9 no active app matches plain@2'],
    [{ app: 'split' }, '400/9 no active app matches split'],
    [{ app: 'plain', assembler: 'split' }, '400/9 no active assembler matches split'],
  ])('of %j says %s, and leaves the draft as it was', async (body, message) => {
    const id = await createJob(platform, body);
    const before = await send(platform, 'GET', `${JOBS}/${id}`);
    expect(await run(id, { taskTimeout: 77 })).toBe(message);
    expect((await send(platform, 'GET', `${JOBS}/${id}`)).body).toEqual(before.body);
  });

  test('names every violation of every component’s schema', async () => {
    const id = await createJob(platform, { app: 'strict', partitioner: 'split' });
    const reply = await send(platform, 'POST', `${JOBS}/${id}/run`);
    expect(reply).toMatchObject({ status: 400, body: { code: 3 } });
    expect(fieldsOf(reply).toSorted()).toEqual(['params.app.size', 'params.partitioner.size']);
  });

  test('merges the config given, pins revisions and completes', async () => {
    const id = await createJob(platform, { app: 'plain', config: { taskTimeout: 60 } });
    expect(await run(id, { config: { jobTimeout: '500' } })).toBe('200');
    const job = await waitForJob(platform, id);
    expect(job).toMatchObject({
      state: 'JOB_STATE_COMPLETE',
      appId: 'plain@1.0',
      config: { taskTimeout: 60, jobTimeout: 500 },
      dataSource: null,
      dataDestination: null,
      numChunks: 1,
      taskCounts: { TASK_STATE_COMPLETED: 1 },
      failureReason: 'NONE',
      pinned: {
        app: { tag: 'plain@1.0', revision: 1, hash: expect.stringMatching(/=$/) },
        partitioner: null,
        assembler: null,
      },
    });
    const times = Object.entries(job['stateTimestamps'] as Record<string, string>);
    const order = times.toSorted(([, a], [, b]) => a.localeCompare(b)).map(([name]) => name);
    expect([order[0], order.at(-1)]).toEqual(['JOB_STATE_NEW', 'JOB_STATE_COMPLETE']);
    expect(job['duration']).toBeGreaterThan(0);
    expect(job['endedAt']).toBe(Object.fromEntries(times)['JOB_STATE_COMPLETE']);
    expect(await run(id)).toBe('400/9 job has already been started');
  });
});

describe('abort', () => {
  test('deletes a draft', async () => {
    const id = await createJob(platform, { app: 'plain' });
    expect(await refusal(platform, 'POST', `${JOBS}/${id}/abort`)).toBe('200');
    expect(await refusal(platform, 'GET', `${JOBS}/${id}`)).toBe('404/5 job not found');
    expect(await refusal(platform, 'POST', `${JOBS}/${id}/abort`)).toBe('404/5 job not found');
  });

  test('ends a running job, once; its tasks are aborted', async () => {
    const id = await waitingJob();
    expect(await refusal(platform, 'GET', `${JOBS}/${id}/results`)).toBe(
      '400/9 job has not yet been completed',
    );
    expect(await refusal(platform, 'DELETE', `${JOBS}/${id}`)).toBe(
      '400/9 job is running, abort it first',
    );
    expect(await refusal(platform, 'POST', `${JOBS}/abort/${id}`)).toBe('200');
    const { body } = await send(platform, 'GET', `${JOBS}/${id}`);
    expect(body.job).toMatchObject({
      state: 'JOB_STATE_FAILED',
      errorMessage: 'aborted by user',
      failureReason: 'ABORTED',
      taskCounts: { TASK_STATE_ABORTED: 1 },
    });
    const tasks = await send(platform, 'GET', `${JOBS}/${id}/tasks`);
    expect(tasks.body.data).toMatchObject([
      { state: 'TASK_STATE_ABORTED', completedAt: body.job.endedAt },
    ]);
    expect(await refusal(platform, 'POST', `${JOBS}/${id}/abort`)).toBe(
      '400/9 job has already ended',
    );
    expect(await refusal(platform, 'GET', `${JOBS}/${id}/results`)).toBe('400/9 aborted by user');
    expect(await refusal(platform, 'DELETE', `${JOBS}/${id}`)).toBe('200');
    expect(await refusal(platform, 'GET', `${JOBS}/${id}`)).toBe('404/5 job not found');
  });
});

test('a failed task fails the job with its chunk, exit code and last line', async () => {
  const main = 'import sys\nprint("first", file=sys.stderr)\nsys.exit("cannot count")\n';
  await pushComponent(platform, { name: 'broken', type: 'app', main });
  const id = await createJob(platform, { app: 'broken', config: { maxTaskRetries: 0 } });
  await runJob(platform, id);
  const job = await waitForJob(platform, id);
  expect(job).toMatchObject({ state: 'JOB_STATE_FAILED', failureReason: 'TASK_FAILED' });
  expect(job['errorMessage']).toMatch(/^chunk 0: .*\b1: cannot count$/);
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/tasks`);
  expect(body.data).toMatchObject([
    {
      kind: 'APP',
      state: 'TASK_STATE_FAILED',
      attempt: 1,
      attempts: [{ attempt: 1, exitCode: 1, reason: 'EXIT_NONZERO' }],
    },
  ]);
  expect(await refusal(platform, 'GET', `${JOBS}/${id}/results`)).toBe(
    `400/9 ${job['errorMessage'] as string}`,
  );
});

test.each(['run', 'abort', 'uploadcompleted'])('%s of no job is 404', async (call) => {
  expect(await refusal(platform, 'POST', `${JOBS}/no-such/${call}`)).toBe('404/5 job not found');
});
