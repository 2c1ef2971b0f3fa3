/** The runner started by an ordinary user: no cgroups, no uid per slot, and still no survivors. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  FakeServer,
  type FakeTaskOptions,
  type FakeTask,
} from '../../packages/runner/src/testing/fake-server.ts';
import { childrenOf, isAlive } from '../../packages/runner/src/testing/processes.ts';
import { spawnRunner, type SpawnedRunner } from '../../packages/runner/src/testing/spawn-runner.ts';
import { waitFor } from '../../packages/runner/src/testing/wait-for.ts';

const MIB = 1024 * 1024;
/** No account is needed for a uid. */
const ORDINARY_UID = 23_456;

let server: FakeServer;
let runner: SpawnedRunner;

beforeAll(async () => {
  server = await FakeServer.start({ leaseMs: 2000, heartbeatMs: 200, graceMs: 300 });
  const sizes = ['--task-disk', String(20 * MIB), '--task-logs', String(MIB)];
  const args = [...sizes, '--task-processes', '500'];
  const isRoot = process.getuid?.() === 0;
  runner = await spawnRunner(server, { args, ...(isRoot && { uid: ORDINARY_UID }) });
});

afterAll(async () => {
  await runner.dispose();
  await server.close();
});

async function outcomeOf(source: string, options: FakeTaskOptions = {}) {
  const task = await server.addPython(source, options);
  return (await task.ended()).report.outcome;
}

/** How many processes a process has below it. */
function childrenBelow(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + 1 + childrenBelow(child), 0);
}

/** Started with a child that leaves the group and a daemon that leaves the family. */
async function startFamily(): Promise<{ task: FakeTask; pids: number[] }> {
  const task = await server.addPython(`import os, signal, time
signal.signal(15, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: pass
os.write(1, b"pid %d\\n" % os.getpid())
time.sleep(120)
`);
  await task.until(() => task.printed.length === 3);
  return { task, pids: task.printed.map((line) => Number(line.slice(4))) };
}

test('says what limits the tasks', () => {
  expect(server.registrations[0]?.tierReason).toMatch(
    /the runner's own user; .*limits per process/,
  );
});

test('a task runs and delivers', async () => {
  const task = await server.addPython(
    'import os\nopen(os.environ["TASK_RESULTS_DIR"] + "/r", "w").write("x")\nprint(os.getuid())\n',
  );
  const { files } = await task.ended();
  expect(files['r']?.toString()).toBe('x');
  expect(task.printed).not.toEqual(['0']);
});

test('memory is limited per process', async () => {
  const context = { memoryBytes: 64 * MIB };
  const outcome = await outcomeOf('b = b"x" * (1 << 30)', { context });
  expect(outcome).toMatchObject({
    reason: 'EXIT_NONZERO',
    errorMessage: 'exit code 1: MemoryError',
  });
});

test('an interpreter that reserves much more memory than it uses still starts', async () => {
  const files = { 'app/main.mjs': 'console.log("node")' };
  const options = { files, entrypoint: 'main.mjs', context: { memoryBytes: 256 * MIB } };
  const task = await server.addTask(options);
  expect((await task.ended()).report.outcome.ok).toBe(true);
  expect(task.printed).toEqual(['node']);
});

test('links in the results are refused', async () => {
  const outcome = await outcomeOf(
    'import os; os.symlink("/etc/passwd", os.environ["TASK_RESULTS_DIR"] + "/bad")',
  );
  expect(outcome).toMatchObject({ reason: 'OUTPUT_FAILED' });
});

test('a results folder replaced by a link is not followed', async () => {
  const outcome = await outcomeOf(`import os
r = os.environ["TASK_RESULTS_DIR"]
os.rmdir(r)
os.symlink("/etc", r)
`);
  expect(outcome).toMatchObject({
    reason: 'OUTPUT_FAILED',
    errorMessage: 'results: the task replaced its results folder',
  });
  expect(await outcomeOf('pass')).toMatchObject({ ok: true });
});

test.each([
  ['a socket', 's = socket.socket(socket.AF_UNIX); os.chdir(R); s.bind("bad")', /bad is a socket/],
  ['a pipe', 'os.mkfifo(R + "/bad")', /bad is a named pipe/],
])('%s in the results is refused', async (_, main, message) => {
  const source = `import os, socket\nR = os.environ["TASK_RESULTS_DIR"]\n${main}\n`;
  const outcome = await outcomeOf(source);
  expect(outcome).toMatchObject({
    reason: 'OUTPUT_FAILED',
    errorMessage: expect.stringMatching(message),
  });
});

test('a task that prints 100 MB is cut short in the middle, and completes', async () => {
  const main = 'print("first")\nfor _ in range(1600): print("x" * 65535)\nprint("last")';
  const task = await server.addPython(main);
  expect((await task.ended()).report.outcome).toMatchObject({ ok: true });
  const lines = task.lines.map(({ m }) => m);
  expect(lines).toEqual(expect.arrayContaining(['first', 'last']));
  expect(lines.join('').length).toBeLessThan(4 * MIB);
});

test('a task that fills its disk quota is ended, by large files and by many', async () => {
  const start = 'import os, time\nR = os.environ["TASK_RESULTS_DIR"]\n';
  const large = `with open(R + "/big", "wb") as f:
    for _ in range(64): f.write(bytes(1 << 20)); f.flush(); time.sleep(0.05)
`;
  const many = `for i in range(1 << 20):
    with open(f"{R}/{i}", "wb") as f: f.write(bytes(1 << 14))
`;
  for (const main of [large, many]) {
    const outcome = await outcomeOf(start + main);
    expect(outcome).toMatchObject({
      ok: false,
      errorMessage: expect.stringMatching(/disk|File too large/i),
    });
  }
  expect(await outcomeOf('pass')).toMatchObject({ ok: true });
});

test('a task that forks without end is ended with all its processes', async () => {
  const idle = childrenBelow(runner.pid);
  const task = await server.addPython(
    `import os, time
try:
    while True:
        if os.fork() == 0: time.sleep(600)
except OSError as error:
    os.write(1, b"stopped\\n")
    os._exit(4)
`,
    { context: { taskTimeoutMs: 90_000 } },
  );
  const { report } = await task.ended();
  // At a limit of its own: neither at the machine's, nor only when its time was over.
  expect(report.outcome).toMatchObject({ reason: 'EXIT_NONZERO', exitCode: 4 });
  await waitFor('all are gone', () => childrenBelow(runner.pid) <= idle);
  expect(await outcomeOf('pass')).toMatchObject({ ok: true });
});

test('a task that ignores SIGTERM is ended by its timeout', async () => {
  const main = 'import signal, time\nsignal.signal(15, signal.SIG_IGN)\ntime.sleep(600)';
  const outcome = await outcomeOf(main, { context: { taskTimeoutMs: 500 } });
  expect(outcome).toMatchObject({ reason: 'TIMEOUT' });
});

describe('no process survives', () => {
  test('the end of the task', async () => {
    const task = await server.addPython(`import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(1, b"%d\\n" % os.getpid())
        time.sleep(120)
    os._exit(0)
os.wait()
time.sleep(0.2)
`);
    await task.ended();
    expect(task.printed.map(Number).filter(isAlive)).toEqual([]);
  });

  test('the end of its lease', async () => {
    const { task, pids } = await startFamily();
    task.isGone = true;
    await task.ended();
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('a frozen runner', async () => {
    const { task, pids } = await startFamily();
    runner.child.kill('SIGSTOP');
    await waitFor('all are gone', () => !pids.some(isAlive));
    runner.child.kill('SIGCONT');
    expect((await task.ended()).report.outcome).toMatchObject({ reason: 'WORKER_LOST' });
  });

  test('the death of the runner', async () => {
    const { pids } = await startFamily();
    runner.child.kill('SIGKILL');
    await waitFor('all are gone', () => !pids.some(isAlive));
    expect(pids).toHaveLength(3);
  });
});
