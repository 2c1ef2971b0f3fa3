/** What ends with the retention, what stays, and what goes only with the job (contract 4.3, 4.7). */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, JOBS, refusal, runJob, send } from './caller.ts';
import { openEvents } from './events.ts';

const HOURS = 0.002;
const EXPIRY_MS = 60_000;
const WORK = `import json, os, sys
print("worked here")
open(os.environ["TASK_RESULTS_DIR"] + "/out.txt", "w").write("for a moment")
sys.exit(json.loads(os.environ["APP_PARAMS"] or "{}").get("exit", 0))
`;
const FILE = { dataSourceDescriptor: 'file', params: {} };

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({ env: { BYTENITE_RETENTION_HOURS: String(HOURS) } });
  await pushComponent(platform, { name: 'work', type: 'app', main: WORK });
});

afterAll(() => platform.close());

/** Files of jobs on disk, by the kind of folder. */
async function filesOf(kind: 'data' | 'logs'): Promise<string[]> {
  const root = path.join(platform.dataDir, 'blobs/objects/job');
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((name) => name.split(path.sep)[1] === kind);
}

async function endedJob(exit: number): Promise<string> {
  const params = { app: { exit } };
  const id = await createJob(platform, { app: 'work', params, config: { maxTaskRetries: 0 } });
  await runJob(platform, id);
  const { state } = await waitForJob(platform, id);
  expect(state).toBe(exit === 0 ? 'JOB_STATE_COMPLETE' : 'JOB_STATE_FAILED');
  return id;
}

const untilAnswer = (wanted: string, method: string, route: string) =>
  until(EXPIRY_MS, `${method} ${route} to answer ${wanted}`, async () =>
    (await refusal(platform, method, route)) === wanted ? true : null,
  );

const untilGone = (kind: 'data' | 'logs', count: number) =>
  until(EXPIRY_MS, `${count} ${kind} files`, async () =>
    (await filesOf(kind)).length === count ? true : null,
  );

test('data and links end, the record stays, and the rest goes with the job', async () => {
  const events = await openEvents(platform, '');
  const draft = await send(platform, 'POST', JOBS, { app: 'work', dataSource: FILE });
  const { id: draftId, dataSource } = draft.body.job;
  const upload = await fetch(dataSource.params.tempUrl, { method: 'PUT', body: 'of a draft' });
  expect(upload.status).toBe(200);

  const complete = await endedJob(0);
  const results = `${JOBS}/${complete}/results`;
  const { body } = await send(platform, 'GET', results);
  const { link } = body.results[0];
  expect(await (await fetch(link)).text()).toBe('for a moment');
  const failed = await endedJob(1);

  await untilAnswer('400/9 results have expired', 'GET', results);
  const refused = await fetch(link);
  expect([403, 404]).toContain(refused.status);
  expect(await refused.text()).not.toContain('for a moment');
  // All but what the draft waits with.
  await untilGone('data', 1);
  const retry = await refusal(platform, 'POST', `${JOBS}/${failed}/retry`);
  expect(retry).toBe('400/9 job data has expired');
  expect((await fetch(link)).status).toBe(refused.status);

  for (const [id, state] of [
    [complete, 'COMPLETE'],
    [failed, 'FAILED'],
  ]) {
    const { job } = (await send(platform, 'GET', `${JOBS}/${id}`)).body;
    expect(job).toMatchObject({ state: `JOB_STATE_${state}` });
    const tasks = await send(platform, 'GET', `${JOBS}/${id}/tasks`);
    expect(tasks.body.data).toHaveLength(1);
    const logs = await send(platform, 'POST', '/v1/customer/logs', { jobId: id });
    expect(logs.text).toContain('worked here');
  }
  const seen = await events.until(
    ({ data }) => data['jobId'] === failed && JSON.stringify(data).includes('JOB_STATE_FAILED'),
  );
  expect(seen.length).toBeGreaterThan(2);
  await events.close();

  // The draft can still be run with its upload.
  expect(await refusal(platform, 'POST', `${JOBS}/uploadcompleted/${draftId}`)).toBe('200');
  await runJob(platform, draftId);
  expect(await waitForJob(platform, draftId)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });

  expect(await filesOf('logs')).not.toEqual([]);
  for (const id of [complete, failed, draftId]) await platform.call('DELETE', `${JOBS}/${id}`);
  await untilGone('logs', 0);
  await untilGone('data', 0);
});
