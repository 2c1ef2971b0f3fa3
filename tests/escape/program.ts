/**
 * Run as root inside a network and mounts of its own. For a runner of root's and one of an ordinary user's, with the
 * network of tasks on and off: every case outside of the sandbox, with the task's uid (or as root), and inside.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  closeSync,
  existsSync,
  openSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { FakeServer, type FakeTask } from '../../packages/runner/src/testing/fake-server.ts';
import { spawnRunner } from '../../packages/runner/src/testing/spawn-runner.ts';
import { BOMB_LIMITS, runBombs } from './bombs.ts';

export interface CaseOutcome {
  user: string;
  network: string;
  name: string;
  outside: string;
  inside: string;
}

const CASES = readFileSync(path.join(import.meta.dirname, 'cases.py'), 'utf8');
const NAMES = [...CASES.matchAll(/^def (\w+)\(\)/gm)].map((match) => match[1] as string);
/** Those that only a warm task has: what it was forked from. */
const ON_SERVER = NAMES.filter((name) => name.startsWith('server_'));
const ATTACKS = NAMES.filter((name) => name !== 'main' && !ON_SERVER.includes(name));
const HOST = '93.184.215.10';
const INTERNET = '93.184.215.14';
const PRIVATE = '10.9.9.9';
const PORT = 8099;
const ORDINARY_UID = 23_458;
const MARK = `bytenite-victim-${process.pid}`;
/** Listens on an abstract socket too, of the name by which it is known. */
const VICTIM = `import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind("\\0" + sys.argv[1])
s.listen()
print(flush=True)
time.sleep(600)
`;
const PYTHON = '/usr/bin/python3';
/** A task that is there while another attacks. */
const HOLDER = 'import os, time\nprint(os.environ["TASK_DIR"], flush=True)\ntime.sleep(600)\n';

async function main(): Promise<void> {
  const children = makeWorld();
  const listener = createServer((socket) => socket.end()).listen(PORT, '0.0.0.0');
  await once(listener, 'listening');
  const outcomes: CaseOutcome[] = [];
  const reached: string[] = [];
  try {
    for (const user of ['root', 'ordinary user']) {
      for (const network of ['egress', 'none']) await attack(user, network, outcomes, reached);
    }
    process.stdout.write(JSON.stringify({ outcomes, reached }));
  } finally {
    listener.close();
    for (const child of children) child.kill('SIGKILL');
  }
}

/** A second network beside this one: the internet, with a public, a private and a metadata address. */
function makeWorld(): ChildProcess[] {
  const run = (line: string) => execFileSync('sh', ['-c', line]);
  run('ip link set lo up');
  run('mount -t tmpfs tmpfs /dev/net; mknod /dev/net/tun c 10 200; chmod 666 /dev/net/tun');
  const world = spawn('unshare', ['-n', 'sh', '-c', 'echo; exec sleep 600'], { stdio: 'pipe' });
  const serve = `import socketserver as s; s.TCPServer(("0.0.0.0", ${PORT}), s.BaseRequestHandler).serve_forever()`;
  execFileSync(
    'sh',
    [
      '-c',
      `until [ "$(readlink /proc/${world.pid}/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done`,
    ],
    { timeout: 10_000 },
  );
  run(`ip link add e0 type veth peer name e1 netns ${world.pid}`);
  run(`ip address add ${HOST}/24 dev e0; ip link set e0 up; ip route add default via ${INTERNET}`);
  const inside = [`ip link set lo up; ip address add ${INTERNET}/24 dev e1`];
  for (const address of [PRIVATE, '169.254.169.254'])
    inside.push(`ip address add ${address}/32 dev lo`);
  run(`nsenter -t ${world.pid} -n sh -c '${inside.join(';')}; ip link set e1 up'`);
  const server = spawn('nsenter', ['-t', String(world.pid), '-n', PYTHON, '-c', serve]);
  return [world, server];
}

async function attack(
  user: string,
  network: string,
  outcomes: CaseOutcome[],
  reached: string[],
): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'bytenite-escape-'));
  execFileSync('chmod', ['711', dir]);
  const server = await FakeServer.start({ heartbeatMs: 300 });
  const isOther = user !== 'root';
  const args = ['--sandbox', 'namespace', '--task-network', network, ...BOMB_LIMITS];
  const runner = await spawnRunner(server, { args, ...(isOther && { uid: ORDINARY_UID }) });
  const reason = server.registrations[0]?.tierReason ?? '';
  const uid = isOther ? ORDINARY_UID : Number(/per slot from (\d+) on/.exec(reason)?.[1]);
  const victim = spawn(PYTHON, ['-c', VICTIM, MARK], { uid, gid: uid });
  await once(victim.stdout, 'data');
  const other = await server.addPython(HOLDER);
  await other.until(() => other.printed.length === 1);
  const targets = {
    ...makeTargets(dir, uid, victim.pid ?? 0, server.port),
    runner: runner.pid,
    runner_token: path.join(runner.dir, 'runner-token'),
    other_task: other.printed[0],
    supervisor: victim.pid ?? 0,
    server: victim.pid ?? 0,
    server_words: MARK,
  };
  try {
    const ofUid = ATTACKS.filter((name) => !name.startsWith('root_'));
    const ofRoot = ATTACKS.filter((name) => name.startsWith('root_'));
    const outside = new Map([
      ...runOutside({ ...targets, cases: [...ofUid, ...ON_SERVER] }, uid),
      ...runOutside({ ...targets, cases: ofRoot }, 0),
    ]);
    const within = { ...targets, supervisor: 1, server: null, server_words: 'fork server' };
    const note = (inside: ReadonlyMap<string, string>, names: readonly string[], start: string) => {
      for (const name of names) {
        const [none, told] = ['said nothing', { user, network, name: start + name }];
        const [before, after] = [outside.get(name) ?? none, inside.get(name) ?? none];
        outcomes.push({ ...told, outside: before, inside: after });
      }
    };
    note(await runInside(server, { ...within, cases: ATTACKS }), ATTACKS, '');
    // What is its own it has like any task; what a fork could have of its server is asked on top.
    const all = [...ATTACKS, ...ON_SERVER];
    note(await runWarm(server, { ...within, supervisor: 1, cases: all }), all, 'warm: ');
    other.isGone = true;
    await other.ended();
    // What a task takes has nothing to do with its network.
    if (network === 'none') {
      const bombs = await runBombs(server, { uid, dir, secret: targets.token });
      outcomes.push(...bombs.map((bomb) => ({ user, network, ...bomb })));
    }
    const probe = await server.addPython(
      `import socket\nsocket.create_connection(("${INTERNET}", ${PORT}), 10)\nprint("reached")\n`,
    );
    await probe.ended();
    reached.push(`${user}, ${network}: ${probe.printed.at(-1) ?? ''}`);
  } finally {
    victim.kill('SIGKILL');
    await runner.dispose();
    await server.close();
    execFileSync('sh', ['-c', `umount ${dir}/scratch 2>/dev/null; true`]);
    rmSync(dir, { recursive: true, force: true });
  }
}

function makeTargets(dir: string, uid: number, victim: number, platformPort: number) {
  const file = (name: string, mode: number) => {
    const place = path.join(dir, name);
    writeFileSync(place, 'secret', { mode });
    chownSync(place, uid, uid);
    return place;
  };
  const scratch = path.join(dir, 'scratch');
  mkdirSync(scratch);
  const folder = path.join(dir, 'folder');
  mkdirSync(folder, { mode: 0o755 });
  return {
    mark: MARK,
    victim,
    folder,
    scratch,
    port: PORT,
    platform_port: platformPort,
    host: HOST,
    private: PRIVATE,
    open_file: file('open', 0o644),
    // Readable by the task's own uid, so that only the sandbox stands before them.
    token: file('token', 0o600),
    database: file('database', 0o600),
    disk: ['/dev/vda', '/dev/sda', '/dev/nvme0n1', '/dev/kvm', '/dev/fuse'].find(canOpen),
    cgroup: ['/sys/fs/cgroup/memory/cgroup.procs', '/sys/fs/cgroup/cgroup.procs'].find(existsSync),
  };
}

/** Some machines shut even root off from their disks. */
function canOpen(place: string): boolean {
  try {
    closeSync(openSync(place, 'r'));
    return true;
  } catch {
    return false;
  }
}

function sourceOf(targets: object): string {
  return `import json\nTARGETS = json.loads(${JSON.stringify(JSON.stringify(targets))})\n${CASES}`;
}

type Answers = ReadonlyMap<string, string>;

function answersOf(task: FakeTask): Answers {
  return new Map(task.printed.map((line) => line.split('\t') as [string, string]));
}

async function runInside(server: FakeServer, targets: object): Promise<Answers> {
  const task = await server.addPython(sourceOf(targets));
  await task.ended();
  return answersOf(task);
}

/** Attacks from a task that is a fork of a loaded interpreter; the tasks before it only bring one about. */
async function runWarm(server: FakeServer, targets: object): Promise<Answers> {
  const wait = `import os
if open(os.environ["TASK_DIR"] + "/data.bin").read() != "attack": raise SystemExit
`;
  const files = { 'app/main.py': wait + sourceOf(targets) };
  const context = await server.addContext({ files, context: { numChunks: 100 } });
  const isWarm = ({ lines }: FakeTask) => lines.some(({ m }) => m.startsWith('warm start'));
  for (let i = 0; i < 200; i += 1) {
    const task = server.addTaskOf(context);
    await task.ended();
    if (isWarm(task)) break;
  }
  const attack = server.addTaskOf(context, { input: Buffer.from('attack') });
  await attack.ended();
  return isWarm(attack) ? answersOf(attack) : new Map();
}

function runOutside(targets: object, uid: number): [string, string][] {
  const text = execFileSync(PYTHON, ['-'], {
    input: sourceOf(targets),
    uid,
    gid: uid,
    cwd: '/',
    timeout: 60_000,
  });
  return text
    .toString()
    .trim()
    .split('\n')
    .map((line) => line.split('\t') as [string, string]);
}

await main();
