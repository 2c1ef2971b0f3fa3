/** Tier `namespace`, of a runner of root's and of one of an ordinary user's: what a task finds there. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  FakeServer,
  type FakeTask,
  type FakeTaskOptions,
} from '../../packages/runner/src/testing/fake-server.ts';
import { spawnRunner, type SpawnedRunner } from '../../packages/runner/src/testing/spawn-runner.ts';
import { waitFor } from '../../packages/runner/src/testing/wait-for.ts';
import { canOrSay } from '../support/can-or-say.ts';
import { tierHere } from '../support/probe.ts';

const MIB = 1024 * 1024;
const ORDINARY_UID = 23_457;
const isRoot = process.getuid?.() === 0;
const USERS = isRoot ? (['root', 'ordinary user'] as const) : (['ordinary user'] as const);

/** Processes that have a task's id in their environment: pids inside mean nothing outside. */
function processesOf({ id }: FakeTask): number[] {
  const has = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`TASK_ID=${id}`);
    } catch {
      return false;
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && has(name))
    .map(Number);
}

/** Files in all users' caches of a runner. */
function cachedFiles(workDir: string): number {
  const users = path.join(workDir, 'caches/users');
  const entries = readdirSync(users, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).length;
}

const FAMILY = `import os, signal, time
signal.signal(15, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    os.fork()
os.write(1, b"here\\n")
time.sleep(600)
`;

test('places that could not be made are not taken for made by the next task', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'bytenite-root-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(path.join(dir, 'etc'));
  const source = `import sys
sys.path.insert(0, sys.argv[1])
from root import Root
root = Root.__new__(Root)
root.path, root.name_server, root.points = sys.argv[2], None, (None, [])
for _ in range(2):
    try: root.set_points(["/srv", "/opt-of-nobody"], None)
    except FileNotFoundError: print("refused")
root.set_points(["/srv"], None)
`;
  const launcher = path.join(import.meta.dirname, '../../packages/runner/launcher');
  const lines = execFileSync('python3', ['-c', source, launcher, dir], { encoding: 'utf8' });
  expect(lines).toBe('refused\nrefused\n');
  expect(await readdir(dir)).toEqual(['etc', 'srv']);
});

const canRun = canOrSay('tasks in namespaces', {
  'a machine that lets them be made (see bytenite doctor)': tierHere() === 'namespace',
});

describe.runIf(canRun).each(USERS)('as %s', (user) => {
  let server: FakeServer;
  let runner: SpawnedRunner;

  beforeAll(async () => {
    server = await FakeServer.start({ leaseMs: 2000, heartbeatMs: 200, graceMs: 300 });
    const sizes = ['--task-disk', String(20 * MIB), '--user-cache', String(30 * MIB)];
    const args = ['--sandbox', 'namespace', ...sizes];
    const isOther = isRoot && user !== 'root';
    runner = await spawnRunner(server, { args, ...(isOther && { uid: ORDINARY_UID }) });
  });

  afterAll(async () => {
    await runner.dispose();
    await server.close();
  });

  async function run(source: string, options: FakeTaskOptions = {}) {
    const task = await server.addPython(source, options);
    const { report, files } = await task.ended();
    return { task, files, outcome: report.outcome, lines: task.printed };
  }

  async function startFamily(): Promise<FakeTask> {
    const task = await server.addPython(FAMILY);
    await task.until(() => task.printed.length === 3);
    expect(processesOf(task)).toHaveLength(3);
    return task;
  }

  test('is registered, and says what keeps tasks apart', () => {
    expect(server.registrations[0]).toMatchObject({ tier: 'namespace' });
    expect(server.registrations[0]?.tierReason).toMatch(/own root, processes and rights per slot/);
  });

  test('a task reads its chunk, delivers, and uses its cache, /tmp and shared memory', async () => {
    const { outcome, files, lines } = await run(`import multiprocessing, os
e = os.environ
open(e["TASK_RESULTS_DIR"] + "/r", "w").write(open(e["TASK_DIR"] + "/data.bin").read())
for folder in (e["USER_CACHE_DIR"], e["TMPDIR"], "/tmp", "/var/tmp"): open(folder + "/x", "w").write("y")
with multiprocessing.Pool(2) as pool: print(pool.map(abs, [-1, -2]))
`);
    expect(lines).toEqual(['[1, 2]']);
    expect(outcome).toMatchObject({ ok: true });
    expect(files['r']?.toString()).toBe('chunk');
    const again = await run(
      'import os\nprint(os.path.exists("/tmp/x"), os.listdir(os.environ["USER_CACHE_DIR"]))',
    );
    expect(again.lines).toEqual(["False ['x']"]);
  });

  test('a task has no rights, sees no process but its own, and little of the host', async () => {
    const { lines } = await run(`import os, socket
status = dict(l.split(":\\t") for l in open("/proc/self/status").read().splitlines() if ":\\t" in l)
print(status["NoNewPrivs"], status["Seccomp"], *(int(status["Cap" + s], 16) for s in ("Prm", "Eff", "Bnd", "Amb")))
print(os.getuid() != 0, sorted(p for p in os.listdir("/proc") if p.isdigit()) == [str(os.getpid())])
print(socket.gethostname(), sorted(os.listdir("/dev")))
for path in ("/root", "/home", "/sys", "/run", "/boot", "/etc/shadow", "/etc/hostname"): assert not os.path.exists(path), path
`);
    expect(lines).toEqual([
      '1 2 0 0 0 0',
      'True True',
      "task ['fd', 'full', 'null', 'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom', 'zero']",
    ]);
  });

  test('/tmp has a size, which counts as memory', async () => {
    const { outcome } = await run(
      'for i in range(40): open(f"/tmp/{i}", "wb").write(bytes(4 << 20))',
      { context: { memoryBytes: 256 * MIB } },
    );
    expect(outcome).toMatchObject({ errorMessage: expect.stringMatching(/No space left/) });
  });

  test('all that lies in memory takes no more than half of it', async () => {
    const { lines } = await run(
      `def fill(path):
    total = 0
    with open(path, "wb", buffering=0) as file:
        try:
            while True: total += file.write(bytes(1 << 20))
        except OSError: return total
print(sum(fill(folder + "/x%d" % i) for i, folder in enumerate(("/tmp", "/var/tmp", "/dev/shm"))) >> 20)
`,
      { context: { memoryBytes: 64 * MIB } },
    );
    expect(lines).toEqual(['32']);
  });

  test('exit codes and signals are those of the task', async () => {
    expect((await run('import sys; sys.exit(7)')).outcome).toMatchObject({ exitCode: 7 });
    const killed = await run('import os; os.kill(os.getpid(), 11)');
    expect(killed.outcome).toMatchObject({ errorMessage: 'killed by SIGSEGV' });
  });

  test('a task over its time is asked to end first', async () => {
    const { outcome, lines } = await run(
      `import signal, sys, time
signal.signal(15, lambda *_: (print("asked to end"), sys.exit(0)))
time.sleep(600)
`,
      { context: { taskTimeoutMs: 2000 } },
    );
    expect(outcome).toMatchObject({ reason: 'TIMEOUT', exitCode: 0 });
    expect(lines).toEqual(['asked to end']);
  });

  test('what does not exist is reported as such', async () => {
    const options = { files: { 'app/run': '#!/no/such/interpreter\n' }, entrypoint: 'run' };
    const task = await server.addTask(options);
    expect((await task.ended()).report.outcome).toMatchObject({
      reason: 'INTERNAL',
      errorMessage: expect.stringMatching(/^cannot execute .*run: No such file or directory$/),
    });
  });

  test('a component that asks for no network has a loopback of its own only', async () => {
    const probe = `import socket
try: socket.create_connection(("127.0.0.1", ${server.port}), 5); print("reached")
except ConnectionRefusedError: print("refused")
print([name for _, name in socket.if_nameindex()])
`;
    const context = await server.addContext({ files: { 'app/main.py': probe } });
    const component = { ...context.component, network: 'none' as const };
    const { lines } = await run(probe, { context: { component } });
    expect(lines).toEqual(['refused', "['lo']"]);
  });

  test('one task sees nothing of another that runs', async () => {
    const holder = await server.addPython(
      'import os, time\nprint(os.environ["TASK_DIR"], flush=True)\ntime.sleep(600)\n',
    );
    await holder.until(() => holder.printed.length === 1);
    const { lines } = await run(`import os
print(os.path.exists("${holder.printed[0]}"), [p for p in os.listdir("/proc") if p.isdigit()] == [str(os.getpid())])
`);
    holder.isGone = true;
    await holder.ended();
    expect(lines).toEqual(['False True']);
  });

  test('a cache that grows over its size ends the tasks that use it, and is empty then', async () => {
    const fill = (name: string, rest: string) => `import os, time
c = os.environ["USER_CACHE_DIR"]
for i in range(2): open(f"{c}/${name}{i}", "wb").write(bytes(18 << 20))
${rest}
`;
    const waits = await run(fill('a', 'time.sleep(600)'));
    expect(waits.outcome).toMatchObject({
      reason: 'OUTPUT_FAILED',
      errorMessage: "the user's cache grew over 30 MiB, so it is emptied",
    });
    const look = 'import os\nprint(os.listdir(os.environ["USER_CACHE_DIR"]))';
    expect((await run(look)).lines).toEqual(['[]']);
    // One that is done by then is left its result, and the cache goes all the same.
    expect((await run(fill('b', ''))).outcome).toMatchObject({ ok: true });
    await waitFor('the cache is emptied', () => cachedFiles(runner.workDir) === 0);
    expect((await run(look)).lines).toEqual(['[]']);
  });

  describe('what breaks a limit ends by a name, and the next task runs', () => {
    const memory = { context: { memoryBytes: 64 * MIB, taskTimeoutMs: 30_000 } };

    test.each([
      ['memory', 'x = b"x" * (1 << 30)', /OUT_OF_MEMORY|MemoryError/],
      [
        'memory in /dev/shm',
        'open("/dev/shm/x", "wb").write(bytes(20 << 20)); open("/dev/shm/y", "wb").write(bytes(20 << 20))',
        /No space left|OUT_OF_MEMORY|MemoryError/,
      ],
      [
        'processes',
        'import os, time\ntry:\n    while True:\n        if os.fork() == 0: time.sleep(600)\nexcept OSError: os._exit(4)',
        /"exitCode":4|OUT_OF_MEMORY/,
      ],
      [
        'disk',
        'import os, time\nr = os.environ["TASK_RESULTS_DIR"]\nfor i in range(64): open(f"{r}/{i}", "wb").write(bytes(1 << 20)); time.sleep(0.05)',
        /OUTPUT_FAILED.*of disk/,
      ],
      [
        'files in memory',
        'for i in range(1 << 20): open(f"/tmp/{i}", "w").close()',
        /No space left|OUT_OF_MEMORY/,
      ],
      [
        'open files',
        'f = [open("/dev/null") for _ in range(1 << 20)]',
        /Too many open files|OUT_OF_MEMORY|MemoryError/,
      ],
    ])('%s', async (_what, source, told) => {
      const { outcome, task } = await run(source, memory);
      expect(outcome.ok).toBe(false);
      expect(JSON.stringify(outcome)).toMatch(told);
      expect(processesOf(task)).toEqual([]);
      expect((await run('print(1)')).outcome).toMatchObject({ ok: true });
    });
  });

  describe('no process survives', () => {
    test('the end of the task', async () => {
      const { task, outcome } = await run(`import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(1, b"here\\n")
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep(0.2)
`);
      expect(outcome).toMatchObject({ ok: true });
      expect(task.printed).toEqual(['here']);
      expect(processesOf(task)).toEqual([]);
    });

    test('the end of its lease', async () => {
      const task = await startFamily();
      task.isGone = true;
      await task.ended();
      expect(processesOf(task)).toEqual([]);
    });

    test('a frozen runner', async () => {
      const task = await startFamily();
      runner.child.kill('SIGSTOP');
      await waitFor('all are gone', () => processesOf(task).length === 0);
      runner.child.kill('SIGCONT');
      expect((await task.ended()).report.outcome).toMatchObject({ reason: 'WORKER_LOST' });
    });

    test('its own supervisor, and the next task runs', async () => {
      const task = await startFamily();
      const [first = 0] = processesOf(task);
      const parent = /\nPPid:\t(\d+)/.exec(readFileSync(`/proc/${first}/status`, 'utf8'))?.[1];
      process.kill(Number(parent), 'SIGKILL');
      expect((await task.ended()).report.outcome).toMatchObject({ reason: 'WORKER_LOST' });
      expect(processesOf(task)).toEqual([]);
      expect((await run('print(1)')).outcome).toMatchObject({ ok: true });
    });

    test('the death of the runner', async () => {
      const task = await startFamily();
      runner.child.kill('SIGKILL');
      await waitFor('all are gone', () => processesOf(task).length === 0);
      expect(processesOf(task)).toEqual([]);
    });
  });
});
