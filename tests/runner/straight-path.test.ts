import { afterAll, beforeAll, expect, test } from 'vitest';
import { FakeServer } from './testing/fake-server.ts';
import { startRunner, type TestRunner } from './testing/start-runner.ts';

let server: FakeServer;
let runner: TestRunner;

beforeAll(async () => {
  server = await FakeServer.start();
  runner = await startRunner(server);
});

afterAll(async () => {
  await runner.stop();
  await server.close();
});

test('a task that exits with 0 delivers its results and its lines', async () => {
  const task = await server.addPython(
    `import os
data = open(os.environ["TASK_DIR"] + "/data.bin").read()
os.makedirs(os.environ["TASK_RESULTS_DIR"] + "/out")
open(os.environ["TASK_RESULTS_DIR"] + "/out/upper.txt", "w").write(data.upper())
print("done", data)
`,
    { input: Buffer.from('some data') },
  );
  const { report, files } = await task.ended();
  expect(report.outcome).toMatchObject({ ok: true });
  expect(files['out/upper.txt']?.toString()).toBe('SOME DATA');
  expect(task.printed).toEqual(['done some data']);
});
