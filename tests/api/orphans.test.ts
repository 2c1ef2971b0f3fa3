/** What a server that was killed left in the blob store goes; what is needed stays, also when it is killed meanwhile. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ageObjects, metricOf, objectsOf, storedKeys } from '../support/blobs.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, runJob, send, JOBS } from './caller.ts';

const ORPHANS = 3000;
const WRITE = `import os
open(os.environ["TASK_RESULTS_DIR"] + "/out.txt", "w").write("kept")
`;

let platform: Platform;

beforeAll(async () => {
  // The second look comes a lease after the first.
  platform = await startPlatform({
    env: { BYTENITE_LEASE_MS: '1500', BYTENITE_HEARTBEAT_MS: '200' },
  });
  await pushComponent(platform, { name: 'write', type: 'app', main: WRITE });
});

afterAll(() => platform.close());

async function plant(keys: readonly string[]): Promise<void> {
  for (const key of keys) {
    const file = path.join(objectsOf(platform), key);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, 'orphan');
  }
}

async function ended(): Promise<{ id: string; link: string }> {
  const id = await createJob(platform, { app: 'write' });
  await runJob(platform, id);
  expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/results`);
  return { id, link: body.results[0].link };
}

test('a server that is killed while it sweeps goes on, and nothing is missing afterwards', async () => {
  const job = await ended();
  const draft = await createJob(platform, { app: 'write' });
  await platform.server.kill();
  // How results were laid out for an assembler is of no use once the job is complete.
  const kept = (await storedKeys(platform)).filter((key) => !key.includes('/collect-'));
  const orphans = Array.from({ length: ORPHANS }, (_, i) => `job/1/data/packs/left-${i}`);
  await plant([
    ...orphans,
    'package/left',
    'health/left',
    'job/77/logs/left',
    'job/1/data/collect-7-7/index',
  ]);
  await ageObjects(platform);

  await platform.startServer();
  const some = await until(60_000, 'some orphans to go', async () => {
    const removed = await metricOf(platform, 'bytenite_orphan_blobs_removed_total');
    return removed > 0 ? removed : null;
  });
  await platform.server.kill();
  expect(some).toBeLessThan(ORPHANS);
  expect((await storedKeys(platform)).length).toBeGreaterThan(kept.length);

  await platform.startServer();
  await until(60_000, 'the sweep to end', async () =>
    (await metricOf(platform, 'bytenite_orphan_sweeps_total')) === 1 ? true : null,
  );
  expect(await storedKeys(platform)).toEqual(kept);
  const removed = await metricOf(platform, 'bytenite_orphan_blobs_removed_total');
  expect(removed).toBeGreaterThan(0);
  expect(removed).toBeLessThanOrEqual(ORPHANS + 6 - some);
  expect(await metricOf(platform, 'bytenite_orphan_blob_bytes_removed_total')).toBeGreaterThan(
    removed,
  );
  expect(await platform.logs()).toContain('orphan blobs were removed');

  expect(await (await fetch(job.link)).text()).toBe('kept');
  await runJob(platform, draft);
  expect(await waitForJob(platform, draft)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
});
