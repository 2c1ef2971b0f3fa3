/** What dies, stops or goes away, and what must hold then. */
import { execFileSync } from 'node:child_process';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeServer, type FakeTask } from '../../packages/runner/src/testing/fake-server.ts';
import { childrenOf, isAlive } from '../../packages/runner/src/testing/processes.ts';
import { spawnRunner, type SpawnedRunner } from '../../packages/runner/src/testing/spawn-runner.ts';
import { waitFor } from '../../packages/runner/src/testing/wait-for.ts';
import { canOrSay } from '../support/can-or-say.ts';
import { tierHere } from '../support/probe.ts';

/** A task with a daemon that leaves its group and ignores SIGTERM. */
const STUBBORN = `import os, signal, time
signal.signal(15, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() != 0:
        os._exit(0)
os.write(1, b"pid %d\\n" % os.getpid())
time.sleep(120)
`;

/** Two tasks of one user: the first ends when the second has run. */
const WAITS_TO_GO =
  'import os, time\nwhile not os.path.exists(os.environ["USER_CACHE_DIR"] + "/go"): time.sleep(0.01)\n';
const GO = 'import os; open(os.environ["USER_CACHE_DIR"] + "/go", "w")';

/** No account is needed for a uid; only this file's runners have it. */
const ORDINARY_UID = 23_458;

/** Where a test waits for the end of a lease; long enough for a busy machine to renew it. */
const SHORT_LEASE_MS = 3000;

let server: FakeServer;
const runners: SpawnedRunner[] = [];

beforeEach(async () => {
  server = await FakeServer.start({ leaseMs: 15_000, heartbeatMs: 200, graceMs: 300 });
});

afterEach(async () => {
  for (const runner of runners.splice(0)) await runner.dispose();
  await server.close();
});

async function start(options: Parameters<typeof spawnRunner>[1] = {}): Promise<SpawnedRunner> {
  const runner = await spawnRunner(server, options);
  runners.push(runner);
  return runner;
}

async function startStubborn(): Promise<{ task: FakeTask; pids: number[] }> {
  const task = await server.addPython(STUBBORN);
  await task.until(() => task.printed.length === 2);
  const pids = task.printed.map((line) => Number(line.slice(4)));
  expect(pids.every(isAlive)).toBe(true);
  return { task, pids };
}

/** The runner's only child. */
function launcherOf(runner: SpawnedRunner): number {
  const [launcher] = childrenOf(runner.pid);
  if (launcher === undefined) throw new Error('the runner has no launcher');
  return launcher;
}

/** An ordinary user, for whom there is a last process that he can have. */
const ORDINARY = process.getuid?.() === 0 ? { uid: ORDINARY_UID, gid: ORDINARY_UID } : {};

function startOrdinary(): Promise<SpawnedRunner> {
  return start({ args: ['--sandbox', 'namespace'], ...ORDINARY });
}

/** Sets the soft limit of processes of a process that runs. */
function limitProcesses(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nproc=${limit}:`], ORDINARY);
}

/** Asleep in a write: the name of the function that it waits in is the kernel's. */
function isBlockedOnPipe(pid: number): boolean {
  return readFileSync(`/proc/${pid}/wchan`, 'utf8').includes('pipe_write');
}

function allGone(pids: number[]): Promise<void> {
  return waitFor('all processes of the task are gone', () => !pids.some(isAlive));
}

async function expectNextTaskRuns(): Promise<void> {
  const next = await server.addPython('print("next")');
  expect((await next.ended()).report.outcome).toMatchObject({ ok: true });
}

describe('the runner', () => {
  test('killed: its tasks die at once', async () => {
    const runner = await start();
    const { pids } = await startStubborn();
    runner.child.kill('SIGKILL');
    await allGone(pids);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('killed and started again: nothing of the old one survives the start', async () => {
    const first = await start();
    const { pids } = await startStubborn();
    const launcher = launcherOf(first);
    const supervisors = childrenOf(launcher);
    // The supervisors are frozen, so nobody but the next start can clean up.
    for (const pid of [...supervisors, launcher]) process.kill(pid, 'SIGSTOP');
    first.child.kill('SIGKILL');
    await first.exited;
    expect(pids.some(isAlive)).toBe(true);
    for (const pid of [launcher, ...supervisors]) process.kill(pid, 'SIGKILL');
    await start({ dir: first.dir });
    expect(pids.some(isAlive)).toBe(false);
    await expectNextTaskRuns();
  });

  test('stopped: its tasks die when their leases are over, and it reports so when it goes on', async () => {
    server.leaseMs = SHORT_LEASE_MS;
    const runner = await start();
    const { task, pids } = await startStubborn();
    runner.child.kill('SIGSTOP');
    await allGone(pids);
    expect(task.end).toBeUndefined();
    runner.child.kill('SIGCONT');
    const { report } = await task.ended();
    expect(report.outcome).toMatchObject({ ok: false, reason: 'WORKER_LOST' });
    await expectNextTaskRuns();
  });

  test('SIGTERM: running and waiting leases go back, nothing is left, exit 0', async () => {
    const runner = await start();
    const { task, pids } = await startStubborn();
    const launcher = launcherOf(runner);
    runner.child.kill('SIGTERM');
    expect(await runner.exited).toBe(0);
    expect(task.wasReleased).toBe(true);
    expect(task.end).toBeUndefined();
    expect([...pids, launcher].filter(isAlive)).toEqual([]);
  });

  test('its parent goes: it drains and ends', async () => {
    const runner = await start();
    const { task, pids } = await startStubborn();
    runner.child.disconnect();
    expect(await runner.exited).toBe(0);
    expect(task.wasReleased).toBe(true);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  test('a second one in the same folder does not start', async () => {
    const runner = await start();
    const { pids } = await startStubborn();
    const second = spawnRunner(server, { dir: runner.dir, args: ['--lock-wait', '0.2'] });
    await expect(second).rejects.toThrow(/another runner uses/);
    expect(pids.every(isAlive)).toBe(true);
  });
});

describe('a lease that is gone', () => {
  test('of a task that has not begun: it never begins', async () => {
    await start();
    const running = [await startStubborn(), await startStubborn()];
    const waiting = await server.addPython('print("never")');
    await waiting.until(() => waiting.grantedAt !== undefined);
    const beats = server.heartbeats;
    waiting.isGone = true;
    await waitFor('the runner has heard of it', () => server.heartbeats > beats + 1);
    for (const { task } of running) task.isGone = true;
    await Promise.all(running.map(({ task }) => task.ended()));
    await expectNextTaskRuns();
    expect(waiting.printed).toEqual([]);
  });
});

describe('the launcher', () => {
  test('killed: its tasks die, their attempts are reported lost, the runner goes on', async () => {
    const runner = await start();
    const { task, pids } = await startStubborn();
    process.kill(launcherOf(runner), 'SIGKILL');
    const { report } = await task.ended();
    expect(report.outcome).toMatchObject({ ok: false, reason: 'WORKER_LOST' });
    expect(pids.filter(isAlive)).toEqual([]);
    await expectNextTaskRuns();
  });

  test('a killed supervisor loses its own task only', async () => {
    const runner = await start();
    const other = await server.addPython(WAITS_TO_GO);
    await other.until(() => other.phases.some(({ phase }) => phase === 'RUNNING'));
    const before = childrenOf(launcherOf(runner));
    const { task, pids } = await startStubborn();
    const supervisor = childrenOf(launcherOf(runner)).find((pid) => !before.includes(pid));
    process.kill(supervisor as number, 'SIGKILL');
    expect((await task.ended()).report.outcome).toMatchObject({ reason: 'WORKER_LOST' });
    expect(pids.filter(isAlive)).toEqual([]);
    await server.addPython(GO);
    expect((await other.ended()).report.outcome).toMatchObject({ ok: true });
  });
});

const hasZones = canOrSay('what a launcher does without namespaces', {
  'a machine that lets them be made (see bytenite doctor)': tierHere() === 'namespace',
});

describe.runIf(hasZones)('the launcher, where the machine gives it nothing more', () => {
  test('no further process: the task that needs one is lost, those that run go on', async () => {
    const runner = await startOrdinary();
    const other = await server.addPython(WAITS_TO_GO);
    await other.until(() => other.phases.some(({ phase }) => phase === 'RUNNING'));
    const launcher = launcherOf(runner);
    limitProcesses(launcher, 1);
    const refused = await server.addPython('print("never")');
    expect((await refused.ended()).report.outcome).toMatchObject({
      reason: 'WORKER_LOST',
      errorMessage: expect.stringMatching(/no supervisor/),
    });
    limitProcesses(launcher, 4096);
    await server.addPython(GO);
    expect((await other.ended()).report.outcome).toMatchObject({ ok: true });
    expect(launcherOf(runner)).toBe(launcher);
  });

  test('no namespaces after its death: tasks wait until there are some again', async () => {
    const runner = await startOrdinary();
    await expectNextTaskRuns();
    const [root, away] = [join(runner.workDir, 'root'), join(runner.workDir, 'away')];
    renameSync(root, away);
    process.kill(launcherOf(runner), 'SIGKILL');
    await waitFor('it says so', () => /not to be had again/.test(runner.stderr()));
    const task = await server.addPython('print("waited")');
    await task.until(() => task.grantedAt !== undefined);
    renameSync(away, root);
    expect((await task.ended()).report.outcome).toMatchObject({ ok: true });
  });
});

describe('the server', () => {
  const SHORT_OUTAGE = `import os, time
print("on")
time.sleep(0.5)
open(os.environ["TASK_RESULTS_DIR"] + "/r", "w").write("kept")
`;

  test('away for a while: the task runs on and its end is reported afterwards', async () => {
    await start();
    const task = await server.addPython(SHORT_OUTAGE);
    await task.until(() => task.printed.includes('on'));
    const { port } = server;
    await server.close();
    await server.listen(port);
    const { report, files } = await task.ended();
    expect(report.outcome).toMatchObject({ ok: true });
    expect(files['r']?.toString()).toBe('kept');
  });

  test('away for longer than a lease: the task is stopped, the runner comes back', async () => {
    server.leaseMs = SHORT_LEASE_MS;
    await start();
    const { task, pids } = await startStubborn();
    server.failWith = 503;
    await allGone(pids);
    server.failWith = undefined;
    expect((await task.ended()).report.outcome).toMatchObject({ reason: 'WORKER_LOST' });
    await expectNextTaskRuns();
  });

  test('away while a task prints a lot: the task is held back, no line is lost or doubled', async () => {
    await start();
    const task = await server.addPython(`import os
os.write(1, b"pid %d\\n" % os.getpid())
for i in range(40_000): os.write(1, b"%d %s\\n" % (i, b"x" * 1000))
`);
    await task.until(() => task.printed.length > 0);
    server.failWith = 503;
    const pid = Number(task.printed[0]?.slice(4));
    await waitFor('the task is held back', () => isBlockedOnPipe(pid));
    server.failWith = undefined;
    expect((await task.ended()).report.outcome).toMatchObject({ ok: true });
    const numbers = task.printed.slice(1).map((line) => Number.parseInt(line, 10));
    expect(numbers).toEqual(Array.from({ length: 40_000 }, (_, i) => i));
  });

  test('away for longer than a lease while a task is staged: it is lost, not aborted', async () => {
    const runner = await start({ env: { BYTENITE_FAILPOINTS: 'stage-in=600-600' } });
    const task = await server.addPython('pass', { kind: 'PARTITIONER', input: {} });
    await task.until(() => task.phases.some(({ phase }) => phase === 'RECEIVED'));
    server.failWith = 503;
    await waitFor('its leases are over', () => runner.stderr().includes('no lease was renewed'));
    server.failWith = undefined;
    expect((await task.ended()).report.outcome).toMatchObject({ reason: 'WORKER_LOST' });
  });

  test('a lost reply: the end is repeated until its verdict arrives', async () => {
    await start();
    server.loseReplies = 2;
    const task = await server.addPython('print("once")');
    await task.ended();
    const reports = () =>
      server.exchanges.filter(({ ended }) => ended.some(({ lease }) => lease === task.lease));
    await waitFor('the third report gets its verdict', () => reports().length === 3);
    await expectNextTaskRuns();
    expect(reports()).toHaveLength(3);
  });

  test('forgets the runner: it registers again and keeps its tasks', async () => {
    await start();
    const task = await server.addPython(SHORT_OUTAGE);
    await task.until(() => task.printed.includes('on'));
    server.hasForgotten = true;
    await waitFor('a call is refused', () => server.refused > 0);
    expect((await task.ended()).report.outcome).toMatchObject({ ok: true });
    expect(server.registrations.length).toBeGreaterThan(1);
    const incarnations = new Set(server.registrations.map(({ incarnation }) => incarnation));
    expect(incarnations.size).toBe(1);
  });
});
