/** What a task may take, and that nothing of it is left: in every tier, of a runner of root's and of another user's. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  FakeServer,
  type FakeTask,
  type FakeTaskOptions,
} from '../../packages/runner/src/testing/fake-server.ts';
import { spawnRunner, type SpawnedRunner } from '../../packages/runner/src/testing/spawn-runner.ts';
import { waitFor } from '../../packages/runner/src/testing/wait-for.ts';
import { canOrSay } from '../support/can-or-say.ts';
import { tierHere } from '../support/probe.ts';

const FILES = 2000;
const PROCESSES = 64;
const ORDINARY_UID = 23_459;
const isRoot = process.getuid?.() === 0;
const users = isRoot ? (['root', 'ordinary user'] as const) : (['ordinary user'] as const);
const hasZones = canOrSay('limits of tasks in namespaces', {
  'a machine that lets them be made (see bytenite doctor)': tierHere() === 'namespace',
});
const tiers = hasZones ? (['process', 'namespace'] as const) : (['process'] as const);
const PLACES = tiers.flatMap((tier) => users.map((user) => ({ tier, user })));

/** Processes that have a task's id in their environment: pids inside mean nothing outside. */
function processesOf({ id }: FakeTask): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, 'latin1').includes(`TASK_ID=${id}`);
    } catch {
      return false;
    }
  });
}

describe.each(PLACES)('tier $tier, $user', ({ tier, user }) => {
  let server: FakeServer;
  let runner: SpawnedRunner;
  let secret: string;

  beforeAll(async () => {
    server = await FakeServer.start({ graceMs: 300 });
    const limits = ['--task-files', String(FILES), '--task-processes', String(PROCESSES)];
    const args = ['--sandbox', tier, '--cpus', '1', ...limits];
    const isOther = isRoot && user !== 'root';
    runner = await spawnRunner(server, { args, ...(isOther && { uid: ORDINARY_UID }) });
    // The runner may read it; where it is root's, the task may not.
    const folder = path.join(runner.dir, 'secrets');
    mkdirSync(folder, { mode: 0o755 });
    secret = path.join(folder, 'secret');
    writeFileSync(secret, 'SECRET', { mode: 0o600 });
    if (isOther) execFileSync('chown', ['-R', `${ORDINARY_UID}`, folder]);
  });

  afterAll(async () => {
    await runner.dispose();
    await server.close();
  });

  async function run(source: string, options: FakeTaskOptions = {}) {
    const task = await server.addPython(source, options);
    const { report, files } = await task.ended();
    const warnings = task.lines.filter(({ l }) => l === 'WARN').map(({ m }) => m);
    return { task, files, warnings, outcome: report.outcome };
  }

  /** After tasks of the same component, one of which was forked from a loaded interpreter. */
  async function runWarm(source: string) {
    const onChunk = `import os
if open(os.environ["TASK_DIR"] + "/data.bin").read() == "act":
    exec(compile(${JSON.stringify(source)}, "part", "exec"))
`;
    const files = { 'app/main.py': onChunk };
    const many = await server.addContext({ files, context: { numChunks: 100 } });
    const after = async (chunk: string) => {
      const task = server.addTaskOf(many, { input: Buffer.from(chunk) });
      const { outcome } = (await task.ended()).report;
      const isWarm = task.lines.some(({ m }) => m.startsWith('warm start'));
      return { outcome, isWarm };
    };
    await waitFor('a warm start', async () => (await after('wait')).isWarm);
    return after('act');
  }

  test('a task that is refused a process says at which limit, however it was started', async () => {
    const bomb = `import os, time
try:
    while True:
        if os.fork() == 0: time.sleep(600)
except OSError: os._exit(4)
`;
    const errorMessage = `exit code 4 at the limit of ${PROCESSES} processes`;
    expect(await runWarm(bomb)).toMatchObject({ isWarm: true, outcome: { errorMessage } });
    const { task, outcome, warnings } = await run(bomb);
    expect(outcome).toMatchObject({
      reason: 'EXIT_NONZERO',
      exitCode: 4,
      errorMessage,
    });
    expect(warnings).toEqual([expect.stringMatching(/may have 64 .*\(--task-processes of the/)]);
    expect(processesOf(task)).toEqual([]);
  });

  test('a task with too many files is stopped, and they hold up nobody', async () => {
    const { outcome } = await run(`import os, time
for i in range(${FILES + 1}): open("%s/%d" % (os.environ["TASK_RESULTS_DIR"], i), "w").close()
time.sleep(600)
`);
    expect(outcome).toMatchObject({
      reason: 'OUTPUT_FAILED',
      errorMessage: `the task made more than ${FILES} files and folders on disk (--task-files of the runner)`,
    });
    expect((await run('pass')).outcome).toMatchObject({ ok: true });
  });

  test('daemons, stopped ones too, are gone before results are read', async () => {
    const { task, outcome, files } = await run(`import os, signal, time
result = os.environ["TASK_RESULTS_DIR"] + "/result"
open(result, "w").write("whole")
def daemon(act):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0: act()
        os._exit(0)
def change():
    os.write(1, b"here\\n")
    while True: open(result, "w").write("torn"); os.truncate(result, 0)
def stop():
    os.write(1, b"here\\n")
    os.kill(os.getpid(), signal.SIGSTOP)
def breed():
    os.write(1, b"here\\n")
    while True:
        if os.fork(): os._exit(0)
for act in (stop, breed): daemon(act)
os.wait(); os.wait()
time.sleep(0.3)
if os.fork() == 0: change()
os.close(1); os.close(2)
`);
    expect(outcome).toMatchObject({ ok: true });
    expect(task.printed).toContain('here');
    expect(['whole', 'torn', '']).toContain(files['result']?.toString());
    expect(processesOf(task)).toEqual([]);
  });

  test.each([
    ['a link', 'os.symlink(secret, other)'],
    ['a hard link', 'os.link(secret, other)'],
    ['a folder that is a link', 'os.symlink(os.path.dirname(secret), other)'],
  ])('%s swapped for a result brings no file of the host', async (_what, make) => {
    const { files, outcome } = await run(`import os, time
r = os.environ["TASK_RESULTS_DIR"]
secret, other, result = "${secret}", r + "/other", r + "/result"
open(result, "w").write("mine")
def swap():
    while True:
        try:
            ${make}
            os.rename(other, result)
        except OSError: pass
        with open(other, "w") as file: file.write("mine")
        try: os.rename(other, result)
        except OSError: pass
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0: swap()
    os._exit(0)
os.wait()
time.sleep(0.2)
`);
    expect(Object.values(files).map(String).join()).not.toContain('SECRET');
    // What the swapper left in place was a file of the task's own or was refused by its name.
    expect(outcome.ok ? 'taken' : outcome.errorMessage).toMatch(/^taken$|^results: \S+ is a/);
  });
});
