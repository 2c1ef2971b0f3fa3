/** config.speculation: the last chunk hangs on one runner and is done by another. */
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJob, JOBS, runJob, send } from '../api/caller.ts';
import { pushComponent } from '../support/components.ts';
import {
  programOf,
  RUNNER,
  startPlatform,
  startProgram,
  waitForJob,
  type Platform,
  type Program,
} from '../support/platform.ts';

const CHUNKS = 8;
const SPLIT = `import os
for i in range(${CHUNKS}):
    open(os.path.join(os.environ["CHUNKS_DIR"], "data_%d.bin" % i), "w").write(str(i))
`;
/** One chunk hangs whenever it is tried for the first time. */
const WORK = `import os, time
chunk = open(os.path.join(os.environ["TASK_DIR"], "data.bin")).read()
if chunk == "3" and os.environ["ATTEMPT"] == "1":
    time.sleep(600)
open(os.path.join(os.environ["TASK_RESULTS_DIR"], "result.txt"), "w").write(os.environ["ATTEMPT"])
`;

let platform: Platform;
let other: Program;

beforeAll(async () => {
  platform = await startPlatform();
  const args = ['--token-file', path.join(platform.dataDir, 'runner-token'), '--name', 'other'];
  const { child } = await startProgram(
    RUNNER,
    ['--server', platform.url, ...args, '--work-dir', path.join(platform.dir, 'other')],
    { logFile: path.join(platform.dir, 'log') },
  );
  other = programOf(child);
  await pushComponent(platform, { name: 'split', type: 'partitioner', main: SPLIT });
  await pushComponent(platform, { name: 'work', type: 'app', main: WORK });
});

afterAll(async () => {
  await other?.kill();
  await platform?.close();
});

test('the first to end is the result, the other ends and costs nothing', async () => {
  const id = await createJob(platform, {
    app: 'work',
    partitioner: 'split',
    dataSource: { dataSourceDescriptor: 'bypass' },
    config: { speculation: true },
  });
  await runJob(platform, id);
  expect(await waitForJob(platform, id)).toMatchObject({
    state: 'JOB_STATE_COMPLETE',
    taskCounts: { TASK_STATE_COMPLETED: CHUNKS },
  });
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/tasks?limit=${CHUNKS}&kind=APP`);
  const [task] = body.data.filter((one: { chunkNumber: number }) => one.chunkNumber === 3);
  const [first, second] = task.attempts;
  expect(first).toMatchObject({ attempt: 1, reason: 'SUPERSEDED' });
  expect(second).toMatchObject({ attempt: 2, reason: '', exitCode: 0 });
  expect(second.assignedTo).not.toBe(first.assignedTo);
});
