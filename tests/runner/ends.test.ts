import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type FakeTaskOptions,
  FakeServer,
  type FakeTask,
} from '../../packages/runner/src/testing/fake-server.ts';
import { isAlive } from '../../packages/runner/src/testing/processes.ts';
import { startRunner, type TestRunner } from '../../packages/runner/src/testing/start-runner.ts';
import { canOrSay } from '../support/can-or-say.ts';

const GRACE_MS = 500;
const MIB = 1024 * 1024;

let server: FakeServer;
let runner: TestRunner;

beforeAll(async () => {
  server = await FakeServer.start({ graceMs: GRACE_MS, heartbeatMs: 100 });
  runner = await startRunner(server, { taskDiskBytes: 32 * MIB });
});

afterAll(async () => {
  await runner.stop();
  await server.close();
});

async function endOf(source: string, options: FakeTaskOptions = {}) {
  const task = await server.addPython(source, options);
  const { report } = await task.ended();
  return { task, report, outcome: report.outcome };
}

/** Pids that the task printed as `pid <n>`. */
function pidsOf(task: FakeTask): number[] {
  return task.printed
    .filter((line) => line.startsWith('pid '))
    .map((line) => Number(line.slice(4)));
}

async function killed(task: FakeTask, lines: number): Promise<void> {
  await task.until(() => task.printed.length >= lines);
  task.isGone = true;
  await task.ended();
}

describe('ends of a process', () => {
  test('an exit code is reported with the last line on stderr', async () => {
    const { outcome } = await endOf('raise ValueError("bad input")');
    expect(outcome).toEqual({
      ok: false,
      reason: 'EXIT_NONZERO',
      exitCode: 1,
      errorMessage: 'exit code 1: ValueError: bad input',
    });
  });

  test('a signal is named', async () => {
    const { outcome } = await endOf('import os; os.kill(os.getpid(), 11)');
    expect(outcome).toMatchObject({ exitCode: 139, errorMessage: 'killed by SIGSEGV' });
  });

  test('a long error message is cut, its NULs are gone', async () => {
    const { outcome } = await endOf('import sys; sys.exit("\\0" + "\\u00e4" * 5000)');
    if (outcome.ok) throw new Error('it should have failed');
    expect(Buffer.byteLength(outcome.errorMessage)).toBeLessThanOrEqual(4096);
    expect(outcome.errorMessage).toMatch(/^exit code 1: ä+$/);
  });

  test('a task over its time is stopped with SIGTERM and says so', async () => {
    const { task, outcome } = await endOf(
      `import signal, sys, time
def end(*_):
    print("asked to end")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
time.sleep(60)
`,
      { context: { taskTimeoutMs: 3000 } },
    );
    expect(outcome).toMatchObject({
      reason: 'TIMEOUT',
      exitCode: 0,
      errorMessage: 'timed out after 3 s',
    });
    expect(task.printed).toEqual(['asked to end']);
  });

  test('engines have no time limit', async () => {
    const { outcome } = await endOf('import time; time.sleep(0.5)', {
      kind: 'PARTITIONER',
      input: {},
      context: { taskTimeoutMs: 100 },
    });
    expect(outcome.ok).toBe(true);
  });

  test('a task that ignores SIGTERM is killed after the grace', async () => {
    const task = await server.addPython(
      'import os, signal, time\nsignal.signal(15, signal.SIG_IGN)\nprint("pid", os.getpid())\ntime.sleep(60)\n',
    );
    await killed(task, 1);
    expect(task.end?.report.outcome).toMatchObject({ ok: false, reason: 'ABORTED' });
    expect(pidsOf(task).filter(isAlive)).toEqual([]);
  });

  test('a task that is killed ends after the grace even with a stopped child', async () => {
    const task = await server.addPython(
      `import os, signal, subprocess, time
child = subprocess.Popen(["sleep", "60"])
os.kill(child.pid, signal.SIGSTOP)
print("pid", child.pid)
print("pid", os.getpid())
time.sleep(60)
`,
    );
    await killed(task, 2);
    expect(pidsOf(task).filter(isAlive)).toEqual([]);
  });

  test('a file that cannot be executed is reported as such', async () => {
    const task = await server.addTask({
      files: { 'app/run': '#!/no/such/interpreter\n' },
      entrypoint: 'run',
    });
    const { report } = await task.ended();
    expect(report.outcome).toMatchObject({
      ok: false,
      reason: 'INTERNAL',
      errorMessage: expect.stringMatching(/^cannot execute .*run: No such file or directory$/),
    });
    expect(report.startedAt).toBeNull();
  });
});

describe('leftovers', () => {
  test('daemons of a finished task are gone before its end is reported', async () => {
    const { task, outcome } = await endOf(
      `import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        print("pid", os.getpid())
        os.close(1); os.close(2)
        time.sleep(60)
    os._exit(0)
time.sleep(0.3)
`,
    );
    expect(outcome.ok).toBe(true);
    expect(pidsOf(task)).toHaveLength(1);
    expect(pidsOf(task).filter(isAlive)).toEqual([]);
  });

  test('a tree of forkers is gone after a kill', async () => {
    const task = await server.addPython(
      `import os, signal, time
signal.signal(15, signal.SIG_IGN)
for _ in range(4):
    os.fork()
os.write(1, b"pid %d\\n" % os.getpid())
while True:
    if os.fork() == 0:
        time.sleep(0.01)
        os._exit(0)
    os.wait()
`,
    );
    await killed(task, 16);
    expect(pidsOf(task)).toHaveLength(16);
    expect(pidsOf(task).filter(isAlive)).toEqual([]);
  });
});

/** As an ordinary user memory is limited by rlimits: see ordinary-user.test.ts. */
const limitsMemory = canOrSay('limits of memory', { root: process.getuid?.() === 0 });

describe.runIf(limitsMemory)('memory', () => {
  const eatMemory = 'b = b"x" * (1 << 30)';

  test('a task over its memory is out of memory, and the next one in the slot is not', async () => {
    const { outcome } = await endOf(eatMemory, { context: { memoryBytes: 64 * MIB } });
    expect(outcome).toMatchObject({ ok: false, reason: 'OUT_OF_MEMORY' });
    const next = await endOf('import os; os.kill(os.getpid(), 9)');
    expect(next.outcome).toMatchObject({
      reason: 'EXIT_NONZERO',
      errorMessage: 'killed by SIGKILL',
    });
  });

  test('a shell whose child is over the memory is out of memory', async () => {
    const task = await server.addTask({
      files: { 'app/main.sh': `/usr/bin/python3 -c '${eatMemory}'` },
      entrypoint: 'main.sh',
      context: { memoryBytes: 64 * MIB },
    });
    const { report } = await task.ended();
    expect(report.outcome).toMatchObject({ reason: 'OUT_OF_MEMORY' });
  });
});

describe('limits', () => {
  test('a task over its disk is stopped', async () => {
    const { outcome } = await endOf(
      `import os, time
for i in range(4):
    with open(os.environ["TMPDIR"] + "/%d" % i, "wb") as f: f.truncate(20 << 20)
time.sleep(60)
`,
    );
    expect(outcome).toMatchObject({
      ok: false,
      reason: 'OUTPUT_FAILED',
      errorMessage: 'the task used more than 32 MiB of disk (--task-disk of the runner)',
    });
  });

  test('one file larger than the disk limit cannot be written', async () => {
    const { outcome } = await endOf(
      'import os\nwith open(os.environ["TMPDIR"] + "/f", "wb") as f: f.truncate(64 << 20)\n',
    );
    expect(outcome).toMatchObject({ errorMessage: expect.stringContaining('File too large') });
  });

  test('a component larger than the runner runs alone with all of it', async () => {
    const context = await server.addContext({ context: { cpus: 16, memoryBytes: 2 ** 40 } });
    const task = server.addTaskOf(context);
    const { report } = await task.ended();
    expect(report.outcome.ok).toBe(true);
    const note = task.lines.find((line) => line.m.includes('more than this runner has'));
    expect(note?.m).toContain('it runs alone with 2 CPUs and 1024 MiB');
  });

  test('tasks run side by side, but only as far as their CPUs allow', async () => {
    // The first two wait for each other; whoever comes later must never be a third.
    const source = `import os, time
cache, me = os.environ["USER_CACHE_DIR"], os.environ["CHUNK_NUMBER"]
open(cache + "/" + me, "w").close()
while me in "01" and not os.path.exists(cache + "/" + "10"[int(me)]): time.sleep(0.01)
open(cache + "/running" + me, "w").close()
time.sleep(0.1)
print(len([n for n in os.listdir(cache) if n.startswith("running")]))
os.unlink(cache + "/running" + me)
`;
    const files = { 'app/main.py': source };
    const context = await server.addContext({ files, context: { owner: 'cpu-test' } });
    const tasks = Array.from({ length: 6 }, (_, chunk) => server.addTaskOf(context, { chunk }));
    await Promise.all(tasks.map((task) => task.ended()));
    const seen = tasks.map((task) => Number(task.printed[0]));
    expect(Math.max(...seen)).toBeLessThanOrEqual(2);
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(1);
  });
});

describe('a lease that is gone', () => {
  test('stops its task, and the end is still reported', async () => {
    const task = await server.addPython('import time\nprint("on")\ntime.sleep(60)\n');
    await killed(task, 1);
    expect(task.end?.report.outcome).toMatchObject({ ok: false, reason: 'ABORTED' });
  });
});
