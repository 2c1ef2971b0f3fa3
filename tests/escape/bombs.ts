/** What a task tries by taking too much, or by being still there: each ends its task, so each is a task of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { FakeServer, FakeTask } from '../../packages/runner/src/testing/fake-server.ts';

const MIB = 1024 * 1024;
const PYTHON = '/usr/bin/python3';
const RUN_MS = 60_000;
const READ_MS = 20_000;
/** By then a limit has been enforced, or never is. */
const FOUND_MS = 20_000;
const LANES = 3;

/** Of the runner: less than every bomb takes. */
export const BOMB_LIMITS = [
  '--task-files=500',
  '--task-processes=200',
  `--task-disk=${20 * MIB}`,
  `--task-logs=${MIB}`,
];

export interface BombOutcome {
  name: string;
  outside: string;
  inside: string;
}

interface Bomb {
  name: string;
  /** Prints `did it` when it has what it wanted, and then waits, if `INSIDE`, to be found. */
  source: string;
  /** What came of it inside; `did it` when nothing stopped it. */
  inside(task: FakeTask): Promise<string>;
}

const END = 'print("did it", flush=True)\nif INSIDE: time.sleep(600)\n';

const BOMBS: Bomb[] = [
  {
    name: 'fork_bomb',
    source: `children = []
for _ in range(300):
    pid = os.fork()
    if pid == 0: time.sleep(600)
    children.append(pid)
for pid in children: os.kill(pid, 9)
${END}`,
    inside: endOf,
  },
  {
    name: 'thread_bomb',
    // Not waited for by the interpreter, which would be by those that it was given.
    source: `import threading
for _ in range(300): threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
${END}`,
    inside: endOf,
  },
  { name: 'memory_bomb', source: `held = b"x" * (400 << 20)\n${END}`, inside: endOf },
  {
    name: 'disk_bomb',
    source: `for i in range(40): open("%s/%d" % (TMP, i), "wb").write(bytes(1 << 20))\n${END}`,
    inside: endOf,
  },
  {
    name: 'file_bomb',
    source: `for i in range(800): open("%s/%d" % (TMP, i), "w").close()\n${END}`,
    inside: endOf,
  },
  {
    name: 'shared_memory_bomb',
    source: `places = ["/dev/shm/bytenite-%d-%d" % (os.getpid(), i) for i in range(15)]
try:
    for place in places: open(place, "wb").write(bytes(10 << 20))
finally:
    for place in places:
        if os.path.exists(place): os.unlink(place)
${END}`,
    inside: endOf,
  },
  {
    name: 'file_in_memory_bomb',
    source: `place = "/dev/shm/bytenite-%d" % os.getpid()
os.mkdir(place)
try:
    for i in range(70000): open("%s/%d" % (place, i), "w").close()
finally: shutil.rmtree(place)
${END}`,
    inside: endOf,
  },
  {
    name: 'log_bomb',
    source: 'for _ in range(4000): print("x" * 1023)\nprint("did it", flush=True)\n',
    inside: async (task) => {
      await task.ended();
      const printed = task.printed.reduce((sum, line) => sum + line.length, 0);
      const note = task.lines.find(({ m }) => m.startsWith('printed more than'))?.m;
      // The tail is kept, so its last line is there.
      const isCut = printed < 3 * MIB && task.printed.at(-1) === 'did it';
      return isCut && note !== undefined ? note : 'did it';
    },
  },
  {
    name: 'survive_the_end',
    source: `if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(1, b"%d\\n" % os.getpid())
        os.close(1); os.close(2)
        time.sleep(600)
    os._exit(0)
os.wait()
time.sleep(0.3)
`,
    inside: async (task) => {
      await task.ended();
      return task.printed.length === 1 && survivors(task) === 0 ? 'gone' : 'did it';
    },
  },
  ...['os.symlink(SECRET, other)', 'os.symlink(os.path.dirname(SECRET), other)'].map(
    (make, i): Bomb => ({
      name: i === 0 ? 'swap_a_result_for_a_link' : 'swap_a_result_for_a_folder',
      source: swapper(make),
      inside: async (task) => {
        const { files, report } = await task.ended();
        if (Object.values(files).some((bytes) => bytes.includes('secret'))) return 'did it';
        return report.outcome.ok ? 'only its own files' : report.outcome.errorMessage;
      },
    }),
  ),
];

/** A daemon that goes on to swap a result for what it makes, and back. */
function swapper(make: string): string {
  return `other, result = RESULTS + "/other", RESULTS + "/result"
def put(make):
    try:
        make()
        os.rename(other, result)
    except OSError:
        for place in (other, result):
            try: os.unlink(place)
            except OSError: pass
def swap():
    while True:
        put(lambda: ${make})
        put(lambda: open(other, "w").close())
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: swap()
    os._exit(0)
os.wait()
time.sleep(0.2)
`;
}

async function endOf(task: FakeTask): Promise<string> {
  const { outcome } = (await task.ended()).report;
  const isUnharmed = outcome.ok || outcome.reason === 'TIMEOUT';
  return isUnharmed ? 'did it' : `${outcome.reason}: ${outcome.errorMessage}`;
}

/** Processes that have a task's id in their environment: pids inside mean nothing outside. */
function survivors({ id }: FakeTask): number {
  return readdirSync('/proc').filter((name) => {
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(`TASK_ID=${id}`);
    } catch {
      return false;
    }
  }).length;
}

interface BombPlace {
  uid: number;
  dir: string;
  /** A file that the runner may read, and its task's uid too where it is not root's. */
  secret: string;
}

export async function runBombs(
  server: FakeServer,
  { uid, dir, secret }: BombPlace,
): Promise<BombOutcome[]> {
  const outcomes = new Map<Bomb, BombOutcome>();
  const waiting = [...BOMBS];
  // Most of the time they wait to be found.
  const lane = async () => {
    for (let bomb = waiting.shift(); bomb !== undefined; bomb = waiting.shift()) {
      outcomes.set(bomb, await runBomb(server, bomb, { uid, dir, secret }));
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return BOMBS.flatMap((bomb) => outcomes.get(bomb) ?? []);
}

async function runBomb(server: FakeServer, bomb: Bomb, place: BombPlace): Promise<BombOutcome> {
  const outside = await runOutside(bomb, place);
  const start = `import os, shutil, sys, time
INSIDE, SECRET = True, ${JSON.stringify(place.secret)}
TMP, RESULTS = os.environ["TMPDIR"], os.environ["TASK_RESULTS_DIR"]
`;
  const context = { taskTimeoutMs: FOUND_MS };
  const task = await server.addPython(start + bomb.source, { context });
  return { name: bomb.name, outside, inside: await bomb.inside(task) };
}

async function runOutside(bomb: Bomb, { uid, dir, secret }: BombPlace): Promise<string> {
  const scratch = path.join(dir, bomb.name);
  mkdirSync(scratch);
  chownSync(scratch, uid, uid);
  const start = `import os, shutil, sys, time
INSIDE, SECRET = False, ${JSON.stringify(secret)}
TMP = RESULTS = ${JSON.stringify(scratch)}
`;
  const child = spawn(PYTHON, ['-c', start + bomb.source], { uid, gid: uid, cwd: '/' });
  const timer = setTimeout(() => child.kill('SIGKILL'), RUN_MS);
  let printed = '';
  let error = '';
  child.stdout.on('data', (bytes: Buffer) => (printed = (printed + bytes.toString()).slice(-4096)));
  child.stderr.on('data', (bytes: Buffer) => (error = (error + bytes.toString()).slice(-4096)));
  await once(child, 'exit');
  clearTimeout(timer);
  try {
    if (bomb.name.startsWith('swap_')) return await readThrough(path.join(scratch, 'result'));
    if (bomb.name === 'survive_the_end') return isAlive(Number(printed)) ? 'did it' : 'gone';
    return printed.trimEnd().endsWith('did it') ? 'did it' : error.trim();
  } finally {
    endAll(scratch, uid, printed);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Reads as one does who looks while somebody else is still there, and follows what he finds. */
async function readThrough(result: string): Promise<string> {
  const deadline = performance.now() + READ_MS;
  while (performance.now() < deadline) {
    for (const place of [result, path.join(result, 'token')]) {
      try {
        if (readFileSync(place, 'utf8').includes('secret')) return 'did it';
      } catch {
        // It is the other thing at the moment.
      }
    }
    await new Promise(setImmediate);
  }
  return 'read nothing';
}

function isAlive(pid: number): boolean {
  try {
    return pid > 1 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** What is left outside: the daemon that told its pid, and those that swap files in the folder. */
function endAll(scratch: string, uid: number, printed: string): void {
  const told = Number(printed);
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const isOurs = readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(scratch);
      const status = readFileSync(`/proc/${name}/status`, 'utf8');
      const hasUid = new RegExp(`^Uid:\\t${uid}\\t`, 'm').test(status);
      if (hasUid && (isOurs || Number(name) === told)) process.kill(Number(name), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
