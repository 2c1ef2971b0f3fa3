/**
 * Programs that misbehave, seen as their user sees it: how the task ended, what the job says, and that the
 * next job runs as if nothing had been. Archives and manifests are refused before they get here
 * (packages/server/src/archive), parameters by schemas (tests/api); requests and sources lie beside this file.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createJob, JOBS, runJob, send } from '../api/caller.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';

let platform: Platform;

beforeAll(async () => {
  platform = await startPlatform({
    env: { BYTENITE_GRACE_MS: '500', BYTENITE_BACKOFF_BASE_MS: '1' },
    // Whatever process is left then is one that must not be (tests/runner looks at warm starts).
    runnerArgs: [
      '--no-warm-starts',
      '--task-disk',
      String(20 * 1024 * 1024),
      '--task-logs',
      String(1024 * 1024),
    ],
  });
  await pushComponent(platform, { name: 'good', type: 'app', main: GOOD });
}, 60_000);

afterAll(() => platform.close());

const GOOD = `import os
with open(os.environ["TASK_RESULTS_DIR"] + "/ok", "w") as f:
    f.write("ok")
`;
/** Every program has these at hand. */
const PRELUDE = `import os, signal, socket, sys, time
RESULTS = os.environ["TASK_RESULTS_DIR"]
`;

interface Ending {
  state: string;
  failureReason: string;
  errorMessage: string;
  reason: string;
  exitCode: number | null;
}

interface Task {
  attempts: { reason: string; exitCode: number | null }[];
}

/** Runs a program once, without retries. */
async function endOf(main: string, config: object = {}): Promise<Ending & { id: string }> {
  await pushComponent(platform, { name: 'bad', type: 'app', main: PRELUDE + main });
  const id = await createJob(platform, { app: 'bad', config: { maxTaskRetries: 0, ...config } });
  await runJob(platform, id);
  const job = (await waitForJob(platform, id)) as unknown as Ending;
  const { body } = await send(platform, 'GET', `${JOBS}/${id}/tasks`);
  const [attempt] = (body as { data: Task[] }).data[0]?.attempts ?? [];
  const { state, failureReason, errorMessage } = job;
  const { reason = '', exitCode = null } = attempt ?? {};
  return { id, state, failureReason, errorMessage, reason, exitCode };
}

async function expectHealth(): Promise<void> {
  const id = await createJob(platform, { app: 'good' });
  await runJob(platform, id);
  expect(await waitForJob(platform, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
  expect(await send(platform, 'GET', '/readyz')).toMatchObject({ status: 200 });
  expect(processesOfTasks()).toEqual([]);
}

/** Command lines of what tasks have left running: their programs lie below the platform's folder. */
function processesOfTasks(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return line.includes(platform.dir) && line.includes('main.py') ? [line] : [];
      } catch {
        return []; // it has ended meanwhile
      }
    });
}

describe('an app that', () => {
  test.each<[string, string, Partial<Ending>, RegExp]>([
    [
      'exits with 3',
      'print("no such user", file=sys.stderr); sys.exit(3)',
      { reason: 'EXIT_NONZERO', exitCode: 3 },
      /^chunk 0: exit code 3: no such user$/,
    ],
    [
      'kills itself',
      'os.kill(os.getpid(), signal.SIGSEGV)',
      { reason: 'EXIT_NONZERO' },
      /^chunk 0: .*SIGSEGV/,
    ],
    [
      'fills its disk quota',
      'with open(RESULTS + "/big", "wb") as f:\n    for _ in range(64): f.write(bytes(1 << 20)); f.flush(); time.sleep(0.05)',
      {},
      /^chunk 0: .*(disk|File too large)/i,
    ],
    [
      'fills its disk quota with many small files',
      'for i in range(1 << 20):\n    with open(f"{RESULTS}/{i}", "wb") as f: f.write(bytes(1 << 14))',
      {},
      /^chunk 0: .*disk/i,
    ],
    [
      'leaves a link in its results',
      'os.symlink("/etc/passwd", RESULTS + "/passwd")',
      { reason: 'OUTPUT_FAILED' },
      /^chunk 0: results: passwd is a symbolic link/,
    ],
    [
      'leaves a socket in its results',
      's = socket.socket(socket.AF_UNIX); os.chdir(RESULTS); s.bind("sock")',
      { reason: 'OUTPUT_FAILED' },
      /^chunk 0: results: sock is a socket/,
    ],
    [
      'leaves a pipe in its results',
      'os.mkfifo(RESULTS + "/pipe")',
      { reason: 'OUTPUT_FAILED' },
      /^chunk 0: results: pipe is a named pipe/,
    ],
    [
      'names a result in bytes that are no text',
      'open(os.fsencode(RESULTS) + b"/\\xff\\xfe", "w").close()',
      { reason: 'OUTPUT_FAILED' },
      /^chunk 0: results: .* has a name that is not valid UTF-8/,
    ],
    [
      'takes its results folder away',
      'os.rmdir(RESULTS)',
      { reason: 'EXIT_NONZERO' },
      /^chunk 0: exit code 1: PermissionError/,
    ],
  ])('%s', async (_, main, ending, message) => {
    const end = await endOf(main);
    expect(end).toMatchObject({
      state: 'JOB_STATE_FAILED',
      failureReason: 'TASK_FAILED',
      ...ending,
    });
    expect(end.errorMessage).toMatch(message);
    await expectHealth();
  });

  test('ignores SIGTERM is ended by its timeout all the same', async () => {
    const main =
      'signal.signal(15, signal.SIG_IGN)\nprint("stubborn", flush=True)\ntime.sleep(600)';
    const end = await endOf(main, { taskTimeout: 1 });
    expect(end).toMatchObject({ state: 'JOB_STATE_FAILED', reason: 'TIMEOUT' });
    expect(end.errorMessage).toMatch(/^chunk 0: timed out after 1 s/);
    await expectHealth();
  });

  test('forks without end meets its limit, and leaves nothing', async () => {
    const main = `children = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(600)
        children += 1
except OSError as error:
    print("stopped after", children, error, file=sys.stderr, flush=True)
    sys.exit(4)
`;
    const end = await endOf(main, { taskTimeout: 30 });
    expect(end.state).toBe('JOB_STATE_FAILED');
    // Which limit it meets first depends on the machine: processes, memory or time.
    expect(['EXIT_NONZERO', 'OUT_OF_MEMORY', 'TIMEOUT']).toContain(end.reason);
    await expectHealth();
  });

  test('prints 100 MB completes, with the beginning and the end of its lines', async () => {
    const main = 'print("first")\nfor _ in range(1600): print("x" * 65535)\nprint("last")';
    const { id, state } = await endOf(main);
    expect(state).toBe('JOB_STATE_COMPLETE');
    const { body } = await send(platform, 'POST', '/v1/customer/logs', { jobId: id });
    const { taskrunner } = body as { taskrunner: Record<string, { logs: { log: string }[] }> };
    const lines = Object.values(taskrunner).flatMap(({ logs }) => logs.map(({ log }) => log));
    expect(lines).toEqual(expect.arrayContaining(['first', 'last']));
    expect(lines.some((line) => /left out|omitted|dropped|missing/.test(line))).toBe(true);
    expect(lines.join('').length).toBeLessThan(4 * 1024 * 1024);
    await expectHealth();
  });

  test('writes outside its folders is refused by the system, and changes nothing', async () => {
    const outside = path.join(platform.dir, 'outside');
    const main = `for place in [${JSON.stringify(outside)}, "/etc/bytenite-was-here", ${JSON.stringify(path.join(platform.dataDir, 'x'))}]:
    try:
        open(place, "w").close()
    except OSError as error:
        print(error, file=sys.stderr)
`;
    const { state } = await endOf(main);
    expect(state).toBe('JOB_STATE_COMPLETE');
    for (const place of [outside, '/etc/bytenite-was-here']) expect(existsSync(place)).toBe(false);
  });

  test('gives its results names full of signs gets exactly these names back', async () => {
    const names = [
      'line\nbreak',
      '\u001b[31mred',
      'quote"\'`$(x)',
      '-rf',
      'a'.repeat(200),
      'é/ü/…',
    ];
    const main = `import json
for name in json.loads(${JSON.stringify(JSON.stringify(names))}):
    file = os.path.join(RESULTS, name)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w") as f: f.write(name)
`;
    const { id, state, errorMessage } = await endOf(main);
    expect({ state, errorMessage }).toEqual({ state: 'JOB_STATE_COMPLETE', errorMessage: '' });
    const { body } = await send(platform, 'GET', `${JOBS}/${id}/results`);
    const { results } = body as { results: { name: string; link: string }[] };
    expect(results.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    for (const { name, link } of results) expect(await (await fetch(link)).text()).toBe(name);
  });
});

test('a partitioner that writes nothing fails the job, and says what would allow it', async () => {
  await pushComponent(platform, { name: 'empty', type: 'partitioner', main: 'pass' });
  const job = { app: 'good', partitioner: 'empty' };
  const id = await createJob(platform, job);
  await runJob(platform, id);
  const failed = await waitForJob(platform, id);
  expect(failed).toMatchObject({ state: 'JOB_STATE_FAILED', failureReason: 'NO_CHUNKS' });
  expect(failed.errorMessage).toContain('allowEmpty');
  const allowed = await createJob(platform, { ...job, config: { allowEmpty: true } });
  await runJob(platform, allowed);
  expect(await waitForJob(platform, allowed)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });
});
