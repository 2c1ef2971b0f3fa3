/**
 * Tasks that are forks of an interpreter that has started already: they must not be told from others, and
 * nothing of one may come to the next.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TaskContext } from '../../packages/contract/src/index.ts';
import { FakeServer, type FakeTask } from '../../packages/runner/src/testing/fake-server.ts';
import { spawnRunner, type SpawnedRunner } from '../../packages/runner/src/testing/spawn-runner.ts';
import { waitFor } from '../../packages/runner/src/testing/wait-for.ts';
import { canOrSay } from '../support/can-or-say.ts';
import { tierHere } from '../support/probe.ts';

const ORDINARY_UID = 23_459;
const isRoot = process.getuid?.() === 0;
const MIB = 1024 * 1024;

const hasZones = canOrSay('warm starts in namespaces', {
  'a machine that lets them be made (see bytenite doctor)': tierHere() === 'namespace',
});
const hasNumpy = canOrSay('random numbers of numpy in warm starts', { numpy: findNumpy() });

function findNumpy(): boolean {
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const PLACES = [
  ...(hasZones && isRoot ? [['namespace', 'root'] as const] : []),
  ...(hasZones ? [['namespace', 'ordinary user'] as const] : []),
  ...(isRoot ? [['process', 'root'] as const] : []),
  ['process', 'ordinary user'] as const,
];

const isWarm = (task: FakeTask) => task.lines.some((line) => line.m.startsWith('warm start'));
/** So many that the first task has a server started for the next ones. */
const MANY = { numChunks: 100, memoryBytes: 128 * MIB };

/** What a task can see of how it came to be. */
const DESCRIBE = `import builtins, ctypes, json, os, random, resource, signal, sys, threading
death = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(death), 0, 0, 0)
status = dict(l.split(":\\t", 1) for l in open("/proc/self/status").read().splitlines() if ":\\t" in l)
names = ["SigBlk", "SigIgn", "CapPrm", "CapEff", "CapBnd", "NoNewPrivs", "Seccomp", "Umask", "Groups", "Uid", "Gid", "Threads"]
print(json.dumps({
    "leads": [os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid()],
    "death": death.value,
    "status": [status[name].strip() for name in names],
    "signals": [str(signal.getsignal(n)) for n in (2, 13, 15, 17)],
    "limits": [resource.getrlimit(getattr(resource, "RLIMIT_" + n)) for n in ("CORE", "NOFILE", "FSIZE", "DATA")],
    "fds": sorted(os.listdir("/proc/self/fd"))[:4],
    "env": sorted((k, v) for k, v in os.environ.items() if k not in ("TASK_ID", "ATTEMPT")),
    "here": [os.getcwd(), sys.argv, sys.orig_argv, __file__, __name__, str(__spec__), sys.path, sys.flags.safe_path if hasattr(sys.flags, "safe_path") else 0],
    "main": sorted(vars(sys.modules["__main__"])),
    "threads": [t.name for t in threading.enumerate()],
    "root": [sorted(os.listdir(p)) for p in ("/", "/dev", "/tmp", "/dev/shm") if sys.argv and os.environ["TMPDIR"][:5] and os.getuid() > 60000 and not os.path.exists("/root")],
}))
`;

/** Ends of every kind; each prints the same and ends the same, however it was started. */
const ENDS: Record<string, string> = {
  'an exit code': 'import sys\nprint("a")\nsys.exit(3)\n',
  'a text as exit code': 'import sys\nsys.exit("why")\n',
  'an exception':
    'def f():\n    raise ValueError("no")\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    f()\n',
  'a syntax error': 'print("never")\nif:\n',
  'a missing module': 'import no_such_module\n',
  'a hook for exceptions':
    'import sys\nsys.excepthook = lambda *a: print("hook", a[0].__name__)\n1 / 0\n',
  'an end without ceremony': 'import atexit, os\natexit.register(print, "never")\nos._exit(7)\n',
  'a signal': 'import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n',
  'an interruption': 'raise KeyboardInterrupt\n',
  'something to do at the end': 'import atexit\natexit.register(print, "last")\nprint("first")\n',
  'a thread that goes on':
    'import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print("late"))).start()\nprint("main")\n',
  'a file that is never closed':
    'import os\nf = open(os.environ["TASK_RESULTS_DIR"] + "/f", "w")\nf.write("all of it")\nclass A:\n    def __del__(self): print("gone")\nkept = A()\n',
  'other processes':
    'import multiprocessing as m\nif __name__ == "__main__":\n    for how in ("fork", "spawn"):\n        with m.get_context(how).Pool(2) as pool: print(how, pool.map(abs, [-1, -2]))\n',
  'a sibling': 'import sibling\nprint(sibling.VALUE, sibling.__name__)\n',
};

/** Leaves whatever a task can leave. */
const LEAVE = `import json, os, random, signal, socket, sys, threading, time
os.environ["LEFT"] = "1"
os.umask(0o077)
signal.signal(signal.SIGUSR1, signal.SIG_IGN)
random.seed(1)
json.dumps = None
sys.modules["left"] = json
sys.path.insert(0, "/left")
sys.setrecursionlimit(4321)
kept = open("/dev/null")
os.chdir("/")
socket.setdefaulttimeout(12)
for folder in ("/tmp", "/dev/shm", os.environ["TMPDIR"]):
    open(folder + "/left-" + str(os.getuid()), "w").write("left")
threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
print("left")
`;
const LOOK = `import os, sys, signal, socket, threading
import json
print(json.dumps({
    "LEFT": os.environ.get("LEFT"), "umask": os.umask(0), "signal": str(signal.getsignal(signal.SIGUSR1)),
    "left": "left" in sys.modules, "path": "/left" in sys.path, "limit": sys.getrecursionlimit(),
    "cwd": os.getcwd() != "/", "timeout": socket.getdefaulttimeout(), "fds": len(os.listdir("/proc/self/fd")),
    "threads": threading.active_count(),
    # Without namespaces all tasks share the first two.
    "tmp": [os.path.exists(f + "/left-" + str(os.getuid())) for f in ("/tmp", "/dev/shm", os.environ["TMPDIR"]) if os.getppid() == 0 or f not in ("/tmp", "/dev/shm")],
}))
`;

/** One app that does the one thing on a chunk that says so, and else the other. */
const ON_CHUNK = (leave: string, look: string) => `import os as _os
_chunk = open(_os.environ["TASK_DIR"] + "/data.bin").read()
exec(compile(${JSON.stringify(leave)} if _chunk == "leave" else ${JSON.stringify(look)}, "part", "exec"))
`;

/** Looks for a word, given backwards so that it is not here by the search itself, in all memory that can be written. */
const SEARCH = `drow = _chunk.encode()
found = 0
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as memory:
    for line in maps:
        place, rights = line.split()[:2]
        if "w" not in rights or "[v" in line: continue
        start, end = (int(part, 16) for part in place.split("-"))
        memory.seek(start)
        try: found += memory.read(end - start)[::-1].count(drow)
        except OSError: pass
print("found" if found else "not found")
`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return stateOf(pid) !== 'Z';
  } catch {
    return false;
  }
}

function stateOf(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '';
}

/** Processes below another one with these words in their command line. */
function processesOf(root: number, words: string): number[] {
  const parents = new Map<number, number>();
  const named: number[] = [];
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(words)) named.push(Number(name));
    } catch {
      // It has ended meanwhile.
    }
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid === root || (pid !== undefined && pid > 1 && isBelow(parents.get(pid)));
  return named.filter(isBelow);
}

describe.each(PLACES)('tier %s as %s', (sandbox, user) => {
  let server: FakeServer;
  let runner: SpawnedRunner;

  beforeAll(async () => {
    server = await FakeServer.start({ leaseMs: 10_000, heartbeatMs: 500, graceMs: 500 });
    const args = ['--sandbox', sandbox, '--cpus', '1'];
    const isOther = isRoot && user !== 'root';
    // What lies below /tmp is mounted anew for each task; the other place has mounts that stay.
    const dir = isRoot && !isOther ? mkdtempSync('/srv/bytenite-runner-') : undefined;
    if (dir !== undefined) chmodSync(dir, 0o711);
    runner = await spawnRunner(server, {
      args,
      ...(isOther && { uid: ORDINARY_UID }),
      ...(dir !== undefined && { dir }),
    });
  });

  afterAll(async () => {
    await runner.dispose();
    await server.close();
  });

  async function app(
    source: string,
    {
      preload = [],
      files = {},
      ...more
    }: Partial<TaskContext> & {
      preload?: string[];
      files?: Record<string, string>;
    } = {},
  ): Promise<TaskContext> {
    const all = { 'app/main.py': source, 'app/sibling.py': 'VALUE = "sibling"\n', ...files };
    const context = await server.addContext({ files: all, context: { ...MANY, ...more } });
    return { ...context, component: { ...context.component, preload } };
  }

  async function run(context: TaskContext, chunk = 'look') {
    const task = server.addTaskOf(context, { input: Buffer.from(chunk) });
    const { report, files } = await task.ended();
    const { outcome } = report;
    return { task, files, outcome, lines: task.printed };
  }

  /** Tasks of a context one after another, until one of them was warm. */
  async function runWarm(context: TaskContext) {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const done = await run(context);
      if (isWarm(done.task)) return done;
      if (performance.now() > deadline) throw new Error('no task had a warm start');
    }
  }

  test('a warm task finds what any task finds', async () => {
    const context = await app(DESCRIBE);
    const [cold, warm] = [await run(context), await runWarm(context)];
    expect(isWarm(cold.task)).toBe(false);
    expect(JSON.parse(warm.lines[0] ?? '')).toEqual(JSON.parse(cold.lines[0] ?? ''));
  });

  // A user's rights change nothing in how a script ends: there a few will do.
  const ends = Object.keys(ENDS).slice(0, user === 'root' || !isRoot ? undefined : 4);
  test.each(ends)('and ends as any task ends: %s', async (what) => {
    const context = await app(ENDS[what] ?? '');
    const [cold, warm] = [await run(context), await runWarm(context)];
    expect(isWarm(cold.task)).toBe(false);
    expect(warm.lines).toEqual(cold.lines);
    expect(warm.files).toEqual(cold.files);
    // Where in its message the result lies is not the task's doing.
    const said = ({ outcome }: typeof cold) => ({ ...outcome, result: null });
    expect(said(warm)).toEqual(said(cold));
  });

  test('nothing that a task changes or leaves comes to the next one', async () => {
    const context = await app(ON_CHUNK(LEAVE, LOOK), { preload: ['json', 'socket'] });
    const look = async () => JSON.parse((await runWarm(context)).lines[0] ?? '') as object;
    const before = await look();
    const left = await run(context, 'leave');
    expect(isWarm(left.task)).toBe(true);
    expect(left.lines).toEqual(['left']);
    expect(await look()).toEqual(before);
  });

  test('random numbers are not those of another task', async () => {
    const numpy = hasNumpy ? ['numpy'] : [];
    const context = await app(
      `import random, sys\nn = sys.modules.get("numpy")\nprint(random.random(), n and n.random.rand())\n`,
      { preload: ['random', ...numpy], memoryBytes: 512 * MIB },
    );
    const lines = [await runWarm(context), await runWarm(context)].map((done) => done.lines[0]);
    expect(lines[0]).toMatch(hasNumpy ? /^0\.\d+ 0\.\d+$/ : /^0\.\d+ None$/);
    const [first, second] = lines.map((line) => (line ?? '').split(' '));
    const same = first?.filter((number, i) => number !== 'None' && number === second?.[i]);
    expect(same).toEqual([]);
  });

  test('what was given to a task is nowhere in the memory of the next one', async () => {
    const secretOf = (secretKey: string) => ({
      secrets: [
        {
          id: 's',
          secretType: 'other',
          name: 's',
          accessKey: 'a',
          secretKey,
          expiresAt: null,
          params: {},
        },
      ],
    });
    const context = await app(
      ON_CHUNK('import os\nprint(len(os.environ["SECRETS"]) > 9)\n', SEARCH),
    );
    await runWarm(context);
    const word = 'a-word-that-nobody-else-uses';
    const told = await run({ ...context, ...secretOf(word) }, 'leave');
    expect([isWarm(told.task), told.lines]).toEqual([true, ['True']]);
    const drow = word.split('').toReversed().join('');
    const next = await run(context, drow);
    expect([isWarm(next.task), next.lines]).toEqual([true, ['not found']]);
    // The search finds what is there.
    const own = await run({ ...context, ...secretOf(word) }, drow);
    expect(own.lines).toEqual(['found']);
  });

  test('modules are loaded before, and one that cannot be is named', async () => {
    const look = 'import sys\nprint("decimal" in sys.modules, "sibling" in sys.modules)\n';
    const context = await app(look, { preload: ['decimal', 'sibling', 'no_such_module'] });
    const { lines, task } = await runWarm(context);
    expect(lines).toEqual(['True True']);
    expect(task.lines.map(({ l, m }) => `${l} ${m}`)).toContain(
      "WARN cannot preload no_such_module: ModuleNotFoundError: No module named 'no_such_module'",
    );
    // Once, and not with each of a hundred thousand tasks.
    const next = await runWarm(context);
    expect(next.task.lines.filter(({ l }) => l === 'WARN')).toEqual([]);
  });

  test('a task that takes too long is ended, and what it used is known', async () => {
    const busy = 'import time\nwhile True: sum(range(1000))\n';
    const context = await app(ON_CHUNK(busy, 'print("ok")\n'), { taskTimeoutMs: 400 });
    await runWarm(context);
    const { task, outcome } = await run(context, 'leave');
    expect(isWarm(task)).toBe(true);
    expect(outcome).toMatchObject({ ok: false, reason: 'TIMEOUT' });
    expect(task.end?.report.stats?.cpuSeconds).toBeGreaterThan(0.05);
    expect((await run(context)).lines).toEqual(['ok']);
  });

  test('processes that it leaves are gone when its results are read', async () => {
    const leave = `import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        while True:
            open(os.environ["TASK_RESULTS_DIR"] + "/late", "w").write(str(time.time()))
    os._exit(0)
print("main")
`;
    const context = await app(
      ON_CHUNK(leave, 'import os\nprint(os.listdir(os.environ["TASK_RESULTS_DIR"]))\n'),
    );
    await runWarm(context);
    const { task, lines } = await run(context, 'leave');
    expect([isWarm(task), lines]).toEqual([true, ['main']]);
    expect((await run(context)).lines).toEqual(['[]']);
    expect((await runWarm(context)).lines).toEqual(['[]']);
  });

  test.runIf(user === 'root')('a task that takes too much memory ends alone', async () => {
    const hog = 'b = []\nwhile True: b.append(bytearray(8 << 20))\n';
    const context = await app(ON_CHUNK(hog, 'print("ok")\n'));
    await runWarm(context);
    const { task, outcome } = await run(context, 'leave');
    expect(isWarm(task)).toBe(true);
    expect(outcome).toMatchObject({ ok: false, reason: 'OUT_OF_MEMORY' });
    expect((await runWarm(context)).lines).toEqual(['ok']);
  });

  test('the next task has a plain start where the server was killed, and the one after a warm one', async () => {
    const context = await app('print("ok")\n');
    await runWarm(context);
    const servers = processesOf(runner.pid, 'fork server');
    expect(servers).not.toEqual([]);
    for (const pid of servers) process.kill(pid, 'SIGKILL');
    await waitFor('the server to be gone', () => servers.every((pid) => !isAlive(pid)));
    const next = await run(context);
    expect([isWarm(next.task), next.lines]).toEqual([false, ['ok']]);
    expect((await runWarm(context)).lines).toEqual(['ok']);
  });

  test.runIf(sandbox === 'namespace')('a task neither sees nor reaches its server', async () => {
    const context = await app(`import os
print(os.getppid(), [p for p in os.listdir("/proc") if p.isdigit() and int(p) != os.getpid()])
def attempt(what, *args):
    try: what(*args); return "done"
    except OSError as error: return type(error).__name__
if os.getppid() == 0:
    print(sorted({attempt(os.kill, pid, 9) for pid in range(1, 3000) if pid != os.getpid()}))
    print(attempt(os.kill, -1, 9))
`);
    const first = await runWarm(context);
    // A signal to process 1 from inside is dropped, if it is allowed at all.
    const to1 = user === 'root' ? 'PermissionError' : 'done';
    expect([first.lines[0], first.lines[2]]).toEqual(['0 []', 'ProcessLookupError']);
    expect(first.lines[1]).toContain(to1);
    const second = await run(context);
    expect([isWarm(second.task), second.lines]).toEqual([true, first.lines]);
  });

  test('nor does a task beside it that has a plain start', async () => {
    const context = await app('print("ok")\n');
    await runWarm(context);
    const [pid] = processesOf(runner.pid, 'fork server');
    const files = {
      'app/main.sh': `for p in /proc/[0-9]*; do
  if tr '\\0' ' ' < $p/cmdline | grep -q "fork [s]erver"; then
    for f in mem environ maps fd/4; do (exec 3< $p/$f) 2>/dev/null && echo "$f"; done
    (exec 3> $p/mem) 2>/dev/null && echo "write"
  fi
done 2>/dev/null
echo end
`,
    };
    const beside = await server.addTask({ files, entrypoint: 'main.sh', context: MANY });
    await beside.ended();
    expect(beside.printed).toEqual(['end']);
    expect(isAlive(pid ?? 0)).toBe(true);
  });

  test.runIf(sandbox === 'namespace')(
    'code that it was told to load stands still between tasks',
    async () => {
      const spy =
        'import threading, time\nthreading.Thread(target=lambda: [time.sleep(0.001) for _ in iter(int, 1)], daemon=True).start()\n';
      const context = await app('print("ok")\n', {
        preload: ['spy'],
        files: { 'app/spy.py': spy },
      });
      await runWarm(context);
      const servers = processesOf(runner.pid, '"spy"');
      expect(servers).toHaveLength(1);
      for (const pid of servers) expect(stateOf(pid)).toBe('T');
      expect(isWarm((await run(context)).task)).toBe(true);
    },
  );

  test('each task has its own input, which it may not write where the app says so', async () => {
    const context = await app(`import os
print(open(os.environ["TASK_DIR"] + "/data.bin").read())
# Folders in the results have the runner make all of them anew.
os.makedirs(os.environ["TASK_RESULTS_DIR"] + "/a")
open(os.environ["TASK_RESULTS_DIR"] + "/a/b", "w").close()
try: open(os.environ["TASK_DIR"] + "/mine", "w").close(); print("written")
except OSError as error: print("refused")
`);
    context.component.readOnlyInput = true;
    await runWarm(context);
    for (const chunk of ['one', 'two', 'three']) {
      const { task, lines } = await run(context, chunk);
      const refused = sandbox === 'namespace' ? 'refused' : 'written';
      expect([isWarm(task), lines]).toEqual([true, [chunk, refused]]);
    }
  });

  test('a module that leaves a process behind costs warm starts, and nothing else', async () => {
    const forker = 'import os, time\nif os.fork() == 0:\n    while True: time.sleep(0.01)\n';
    const files = { 'app/forker.py': forker };
    const context = await app('print("ok")\n', { preload: ['forker'], files });
    for (let i = 0; i < 4; i += 1) expect((await run(context)).lines).toEqual(['ok']);
    // Only servers keep it, and they end.
    await waitFor('all that it left to be gone', async () => {
      await run({ ...(await app('pass\n')), owner: 'owner-3' });
      return processesOf(runner.pid, '"forker"').length === 0;
    });
  });

  test.each([
    ['a pid of everybody', '{"problems": []}', '{"pid": -1}'],
    ['a pid that is not its own', '{"problems": []}', '{"pid": 1}'],
    ['no number', '{"problems": []}', '{"pid": "7"}'],
    ['no list', '{"problems": 5}'],
    ['an end of nothing', '{"problems": []}', '{"status": 0, "cpu": NaN, "rss": 0}'],
    ['no JSON', '['],
  ])('a server that says %s is of no use, and does no harm', async (_, ...words) => {
    const liar = words.map((word) => `os.write(4, ${JSON.stringify(word)}.encode())`).join('; ');
    const files = { 'app/liar.py': `import os; ${liar}\n` };
    const context = await app('print("ok")\n', { preload: ['liar'], files });
    // It began before all that it started, which bear its name too.
    const launcher = Math.min(...processesOf(runner.pid, 'launcher.py'));
    for (let i = 0; i < 4; i += 1) expect((await run(context)).lines).toEqual(['ok']);
    expect(isAlive(launcher)).toBe(true);
  });

  test('a server that holds much memory ends soon when nobody needs it', async () => {
    const files = { 'app/large.py': 'HELD = b"x" * (80 << 20)\n' };
    const preload = ['large'];
    const context = await app('print("ok")\n', { preload, files, memoryBytes: 256 * MIB });
    await runWarm(context);
    const servers = processesOf(runner.pid, '"large"');
    expect(servers).not.toEqual([]);
    await waitFor(
      'the idle server to be gone',
      () => servers.every((pid) => !isAlive(pid)),
      60_000,
    );
    const next = await run(context);
    expect([isWarm(next.task), next.lines]).toEqual([false, ['ok']]);
  });

  test('many modules that cannot be loaded are named in part', async () => {
    const preload = Array.from({ length: 90 }, (_, i) => `no_such_module_${i}_${'x'.repeat(100)}`);
    const { task } = await runWarm(await app('print("ok")\n', { preload }));
    expect(task.lines.filter(({ m }) => m.startsWith('cannot preload'))).toHaveLength(10);
  });

  test('another account finds nothing of this one', async () => {
    await runWarm(await app('print("ok")\n'));
    expect(processesOf(runner.pid, 'fork server')).not.toEqual([]);
    const other = await app('print("other")\n', { owner: 'owner-2', numChunks: 1 });
    expect((await run(other)).lines).toEqual(['other']);
    expect(processesOf(runner.pid, 'fork server')).toEqual([]);
  });

  test.runIf(sandbox === 'namespace')(
    'what a task leaves between processes ends the server',
    async () => {
      const leave = `import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print(libc.shmget(77, 4096, 0o1666) >= 0)
`;
      const context = await app(
        ON_CHUNK(leave, 'import ctypes\nprint(ctypes.CDLL(None).shmget(77, 0, 0) >= 0)\n'),
      );
      expect((await runWarm(context)).lines).toEqual(['False']);
      const left = await run(context, 'leave');
      expect([isWarm(left.task), left.lines]).toEqual([true, ['True']]);
      const next = await run(context);
      expect([isWarm(next.task), next.lines]).toEqual([false, ['False']]);
    },
  );
});
