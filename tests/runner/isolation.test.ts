import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeServer } from '../../packages/runner/src/testing/fake-server.ts';
import { startRunner, type TestRunner } from '../../packages/runner/src/testing/start-runner.ts';
import { canOrSay } from '../support/can-or-say.ts';

const isRoot = canOrSay('tasks with uids of their own', { root: process.getuid?.() === 0 });

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

async function linesOf(source: string): Promise<string[]> {
  const task = await server.addPython(source);
  const { report } = await task.ended();
  expect(report.outcome).toMatchObject({ ok: true });
  return task.printed;
}

describe('results', () => {
  const make = (what: string) =>
    `import os
r = os.environ["TASK_RESULTS_DIR"]
open(r + "/good", "w").write("x")
os.mkdir(r + "/sub")
${what}
`;

  test.each([
    ['a symbolic link', 'os.symlink("/etc/passwd", r + "/sub/bad")', 'sub/bad is a symbolic link'],
    ['a linked folder', 'os.symlink("/etc", r + "/sub/bad")', 'sub/bad is a symbolic link'],
    ['a hard link', 'os.link(r + "/good", r + "/sub/bad")', 'is a hard link'],
    ['a named pipe', 'os.mkfifo(r + "/sub/bad")', 'sub/bad is a named pipe'],
    [
      'a socket',
      'import socket; os.chdir(r + "/sub"); socket.socket(socket.AF_UNIX).bind("bad")',
      'sub/bad is a socket',
    ],
    ['a broken name', 'open(os.fsencode(r) + b"/sub/\\xff", "w")', 'is not valid UTF-8'],
  ])('%s fails the attempt with its path', async (_what, line, message) => {
    const task = await server.addPython(make(line));
    const { report } = await task.ended();
    expect(report.outcome).toMatchObject({
      ok: false,
      reason: 'OUTPUT_FAILED',
      errorMessage: expect.stringContaining(message),
    });
  });

  test('a folder that the task shut is still emptied for the next task', async () => {
    await linesOf(make('os.chmod(r + "/sub", 0o700); os.chmod(r, 0o755)'));
    const [line] = await linesOf(
      'import os\nprint(os.listdir(os.environ["TASK_RESULTS_DIR"]), os.listdir(os.environ["TMPDIR"]))\n',
    );
    expect(line).toBe('[] []');
  });

  test('what an attempt left in its private folders is gone for the next one', async () => {
    await linesOf(
      'import os\nos.makedirs(os.environ["HOME"] + "/a/b")\nopen(os.environ["TASK_DIR"] + "/x", "w")\n',
    );
    const [line] = await linesOf(
      'import os\nprint(os.listdir(os.environ["HOME"]), os.listdir(os.environ["TASK_DIR"]))\n',
    );
    expect(line).toBe("[] ['data.bin']");
  });
});

describe.runIf(isRoot)('as root', () => {
  test('a task has a uid of its own, no groups of the runner and no way to more rights', async () => {
    const lines = await linesOf(
      `import os
print(os.getuid() >= 64000, os.getuid() == os.getgid(), 0 in os.getgroups())
status = dict(l.split(":\\t") for l in open("/proc/self/status").read().splitlines() if ":\\t" in l)
print(status["NoNewPrivs"], int(status["CapEff"], 16), int(status["CapPrm"], 16))
`,
    );
    expect(lines).toEqual(['True True False', '1 0 0']);
  });

  test('a task can neither read the token nor list or reach what is not its own', async () => {
    const paths = [
      runner.tokenFile,
      runner.workDir,
      join(runner.workDir, 'attempts'),
      join(runner.workDir, 'packages'),
      join(runner.workDir, 'launcher.lock'),
      join(runner.workDir, 'trash'),
    ];
    const lines = await linesOf(
      `import os
for path in ${JSON.stringify(paths)}:
    try:
        os.listdir(path) if os.path.isdir(path) else open(path)
        print("open", path)
    except PermissionError:
        print("denied")
`,
    );
    expect(lines).toEqual(paths.map(() => 'denied'));
  });

  test('a task cannot enter the folder of another slot or signal its processes', async () => {
    const holder = await server.addPython(
      `import os, time
print(os.environ["TASK_DIR"], os.getpid(), os.environ["USER_CACHE_DIR"])
while not os.path.exists(os.environ["USER_CACHE_DIR"] + "/done"): time.sleep(0.01)
`,
    );
    await holder.until(() => holder.printed.length > 0);
    const [dir = '', pid = ''] = (holder.printed[0] as string).split(' ');
    const lines = await linesOf(
      `import os
def tried(act):
    try:
        act()
        return "did it"
    except PermissionError:
        return "denied"
print(tried(lambda: os.listdir("${dir}")), tried(lambda: open("${dir}/data.bin").read()))
print(tried(lambda: os.kill(${pid}, 0)), tried(lambda: open("/proc/${pid}/environ").read()))
open(os.environ["USER_CACHE_DIR"] + "/done", "w")
`,
    );
    expect(lines).toEqual(['denied denied', 'denied denied']);
    await holder.ended();
  });

  test("a task cannot change its component's files, which other tasks share", async () => {
    const task = await server.addTask({
      files: {
        'app/main.py': `import os
for act in (lambda: open("main.py", "a"), lambda: open("new", "w"), lambda: os.unlink("data/d"), lambda: os.chmod(".", 0o777)):
    try: act(); print("did it")
    except PermissionError: print("denied")
`,
        'app/data/d': 'x',
      },
    });
    await task.ended();
    expect(task.printed).toEqual(['denied', 'denied', 'denied', 'denied']);
  });

  test('a task inherits no descriptor', async () => {
    const listener = createServer().listen(0);
    const lines = await linesOf('import os\nprint(sorted(os.listdir("/proc/self/fd"))[:-1])\n');
    listener.close();
    expect(lines).toEqual(["['0', '1', '2']"]);
  });
});
