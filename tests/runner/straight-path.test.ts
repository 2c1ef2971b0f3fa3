import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FakeServer } from '../../packages/runner/src/testing/fake-server.ts';
import { startRunner, type TestRunner } from '../../packages/runner/src/testing/start-runner.ts';

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

const PRINT_ENVIRONMENT = `import json, os
with open(os.environ["OUT"], "w") as f:
    json.dump({"env": dict(os.environ), "cwd": os.getcwd(), "stdin": os.read(0, 10).decode()}, f)
`;

const SECRET = {
  id: 'my-store',
  secretType: 'aws',
  name: 'My store',
  accessKey: 'AKIA-ACCESS',
  secretKey: 'very-secret-key',
  expiresAt: null,
  params: { region: 'eu' },
};

describe('results', () => {
  test('a task that exits with 0 delivers its files and its lines', async () => {
    const task = await server.addPython(
      `import os
data = open(os.environ["TASK_DIR"] + "/data.bin").read()
os.makedirs(os.environ["TASK_RESULTS_DIR"] + "/out")
open(os.environ["TASK_RESULTS_DIR"] + "/out/upper.txt", "w").write(data.upper())
print("done", data)
`,
      { input: Buffer.from('some data') },
    );
    const { report, files } = await task.ended();
    expect(report.outcome).toMatchObject({ ok: true });
    expect(files['out/upper.txt']?.toString()).toBe('SOME DATA');
    expect(task.printed).toEqual(['done some data']);
    expect(report.stats).toMatchObject({ inputBytes: 9, outputBytes: 9 });
    expect(report.stats?.transferSeconds).toBeGreaterThan(0);
    const ran = (report.endedAt - (report.startedAt ?? 0)) / 1000;
    expect(report.stats?.runSeconds).toBeCloseTo(ran, 1);
    expect(report.startedAt).toBeGreaterThanOrEqual(report.receivedAt as number);
    expect(report.endedAt).toBeGreaterThanOrEqual(report.startedAt as number);
  });

  test('a success without files is a success', async () => {
    const task = await server.addPython('pass');
    const { report, files } = await task.ended();
    expect(report.outcome).toMatchObject({ ok: true });
    expect(files).toEqual({});
  });

  test('a large chunk and a large result are streamed', async () => {
    const input = Buffer.alloc(3 * 1024 * 1024, 'abcdefg');
    const task = await server.addPython(
      `import os, shutil
shutil.copy(os.environ["TASK_DIR"] + "/data.bin", os.environ["TASK_RESULTS_DIR"] + "/copy.bin")
`,
      { input },
    );
    const { report, files } = await task.ended();
    expect(report.outcome).toMatchObject({ ok: true, result: { stored: {} } });
    expect(files['copy.bin']?.equals(input)).toBe(true);
  });

  test('a partitioner reads its source and its files become chunks', async () => {
    const task = await server.addPython(
      `import os
for name in sorted(os.listdir(os.environ["SOURCE_DIR"])):
    text = open(os.environ["SOURCE_DIR"] + "/" + name).read()
    for i, part in enumerate(text.split()):
        open(os.environ["CHUNKS_DIR"] + "/data_%d.bin" % i, "w").write(part)
`,
      { kind: 'PARTITIONER', input: { 'source/book.txt': Buffer.from('one two') } },
    );
    const { files } = await task.ended();
    expect(Object.keys(files)).toEqual(['data_0.bin', 'data_1.bin']);
    expect(files['data_1.bin']?.toString()).toBe('two');
  });

  test('an assembler finds all results and the manifest', async () => {
    const manifest = '{"chunk":0,"files":["deep/down/a.txt"]}\n';
    const task = await server.addPython(
      `import os
root = os.environ["TASK_RESULTS_DIR"]
assert os.environ["RESULTS_DIR"] == root
names = sorted(os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs)
with open(os.environ["OUTPUT_DIR"] + "/all.txt", "w") as out:
    out.write(" ".join(names) + "|" + open(os.environ["MANIFEST"]).read())
`,
      {
        kind: 'ASSEMBLER',
        input: {
          'results/deep/down/a.txt': Buffer.from('a'),
          'results/b.txt': Buffer.from('b'),
          'manifest.jsonl': Buffer.from(manifest),
        },
      },
    );
    const { files } = await task.ended();
    expect(files['all.txt']?.toString()).toBe(`b.txt deep/down/a.txt|${manifest}`);
  });

  test('attempt 2 sees the original data.bin after attempt 1 overwrote it and failed', async () => {
    const source = `import os, sys
path = os.environ["TASK_DIR"] + "/data.bin"
print(sorted(os.listdir(os.environ["TASK_DIR"])), open(path).read())
open(path, "w").write("spoilt")
open(os.environ["TASK_DIR"] + "/extra", "w").write("x")
sys.exit(0 if os.environ["ATTEMPT"] == "2" else 1)
`;
    const context = await server.addContext({ files: { 'app/main.py': source } });
    const first = server.addTaskOf(context, { input: Buffer.from('original'), attempt: 1 });
    expect((await first.ended()).report.outcome).toMatchObject({ ok: false, exitCode: 1 });
    const second = server.addTaskOf(context, { input: Buffer.from('original'), attempt: 2 });
    expect((await second.ended()).report.outcome).toMatchObject({ ok: true });
    expect(second.printed).toEqual(["['data.bin'] original"]);
  });
});

describe('environment', () => {
  const BASE = [
    'ATTEMPT',
    'HOME',
    'JOB_ID',
    'LANG',
    'PATH',
    'PYTHONDONTWRITEBYTECODE',
    'PYTHONUNBUFFERED',
    'SECRETS',
    'SHARED_CACHE_DIR',
    'TASK_ID',
    'TMPDIR',
    'USER_CACHE_DIR',
  ];

  async function environmentOf(
    kind: 'PARTITIONER' | 'APP' | 'ASSEMBLER',
    output: string,
    context: object = {},
  ) {
    const source = PRINT_ENVIRONMENT.replace(
      'os.environ["OUT"]',
      `os.environ["${output}"] + "/env"`,
    );
    const input = kind === 'ASSEMBLER' ? { 'manifest.jsonl': Buffer.from('') } : undefined;
    const task = await server.addPython(source, {
      kind,
      chunk: 4,
      attempt: 3,
      chunkName: 'sub/data_4.bin',
      context: { numChunks: 7, ...context },
      ...(input && { input }),
    });
    const { files } = await task.ended();
    const seen = JSON.parse(String(files['env'])) as {
      env: Record<string, string>;
      cwd: string;
      stdin: string;
    };
    return { ...seen, task };
  }

  test('an app task has exactly the variables of the contract', async () => {
    const { env, cwd, stdin, task } = await environmentOf('APP', 'TASK_RESULTS_DIR');
    const own = ['APP_PARAMS', 'CHUNK_NAME', 'CHUNK_NUMBER', 'NUM_CHUNKS'];
    const dirs = ['TASK_DIR', 'TASK_RESULTS_DIR'];
    expect(Object.keys(env).toSorted()).toEqual([...BASE, ...own, ...dirs].toSorted());
    expect(env).toMatchObject({
      APP_PARAMS: '{}',
      CHUNK_NUMBER: '4',
      CHUNK_NAME: 'sub/data_4.bin',
      NUM_CHUNKS: '7',
      ATTEMPT: '3',
      JOB_ID: task.context.jobId,
      TASK_ID: task.id,
      SECRETS: '[]',
    });
    expect(env['TASK_DIR']).not.toBe(env['TASK_RESULTS_DIR']);
    expect(cwd.startsWith(`${runner.workDir}/packages/`)).toBe(true);
    expect(stdin).toBe('');
  });

  test('a partitioner has exactly the variables of the contract', async () => {
    const params = '{"size": 1.0}';
    const { env } = await environmentOf('PARTITIONER', 'CHUNKS_DIR', { params });
    const own = ['CHUNKS_DIR', 'PARTITIONER_PARAMS', 'SOURCE_DIR'];
    expect(Object.keys(env).toSorted()).toEqual([...BASE, ...own].toSorted());
    expect(env['PARTITIONER_PARAMS']).toBe(params);
  });

  test('an assembler has exactly the variables of the contract', async () => {
    const { env } = await environmentOf('ASSEMBLER', 'OUTPUT_DIR', { params: '' });
    const own = ['ASSEMBLER_PARAMS', 'MANIFEST', 'NUM_CHUNKS', 'OUTPUT_DIR'];
    const dirs = ['RESULTS_DIR', 'TASK_RESULTS_DIR'];
    expect(Object.keys(env).toSorted()).toEqual([...BASE, ...own, ...dirs].toSorted());
    expect(env['ASSEMBLER_PARAMS']).toBe('{}');
  });

  test('secrets arrive in every form and never overrule the contract', async () => {
    const impostor = { ...SECRET, id: 'TASK_ID', secretKey: 'impostor' };
    const { env, task } = await environmentOf('APP', 'TASK_RESULTS_DIR', {
      secrets: [SECRET, impostor],
    });
    expect(env).toMatchObject({
      'my-store': 'very-secret-key',
      'my-store_ACCESS_KEY': 'AKIA-ACCESS',
      'my-store_SECRET_KEY': 'very-secret-key',
      my_store: 'very-secret-key',
      my_store_ACCESS_KEY: 'AKIA-ACCESS',
      my_store_SECRET_KEY: 'very-secret-key',
      TASK_ID: task.id,
    });
    expect(JSON.parse(env['SECRETS'] as string)).toEqual([SECRET, impostor]);
  });

  test('the user cache persists between tasks and is apart for a component of another owner', async () => {
    const source = `import os
path = os.environ["USER_CACHE_DIR"] + "/sub"
os.makedirs(path, exist_ok=True)
with open(path + "/log", "a") as f: f.write(os.environ["CHUNK_NUMBER"])
print(open(path + "/log").read())
`;
    const context = await server.addContext({ files: { 'app/main.py': source } });
    // At once, so that they run in different slots.
    const both = [1, 2].map((chunk) => server.addTaskOf(context, { chunk }));
    for (const task of both)
      expect((await task.ended()).report.outcome).toMatchObject({ ok: true });
    const third = server.addTaskOf(context, { chunk: 3 });
    await third.ended();
    expect(third.printed[0]?.split('').toSorted().join('')).toBe('123');
    const component = { ...context.component, owner: 'someone-else' };
    const other = server.addTaskOf({ ...context, component }, { chunk: 4 });
    await other.ended();
    expect(other.printed).toEqual(['4']);
  });
});

describe('packages', () => {
  test('the contents of app/ and an entrypoint beside it lie in the working directory', async () => {
    const task = await server.addTask({
      files: {
        'main.py':
          'import lib.part\nprint(lib.part.VALUE)\nimport os\nprint(sorted(os.listdir(".")))\n',
        'app/lib/part.py': 'VALUE = 42\n',
        'README.md': 'not for tasks',
      },
    });
    await task.ended();
    expect(task.printed).toEqual(['42', "['lib', 'main.py']"]);
  });

  test('the entrypoint in app/ wins over the one beside it', async () => {
    const task = await server.addTask({
      files: { 'main.py': 'print("beside")', 'app/main.py': 'print("inside")' },
    });
    await task.ended();
    expect(task.printed).toEqual(['inside']);
  });

  test.each([
    ['main.sh', 'echo "shell $0"', 'shell main.sh'],
    ['main.mjs', 'console.log("node", process.argv.length)', 'node 2'],
    ['main.pl', 'print "perl\\n";', 'perl'],
    ['run', '#!/bin/sh\necho direct', 'direct'],
  ])('the entrypoint %s is run by its interpreter', async (entrypoint, text, line) => {
    const task = await server.addTask({ files: { [`app/${entrypoint}`]: text }, entrypoint });
    await task.ended();
    expect(task.printed).toEqual([line]);
  });

  test('a missing interpreter is named', async () => {
    const task = await server.addTask({ files: { 'app/main.R': '1' }, entrypoint: 'main.R' });
    const { report } = await task.ended();
    expect(report.outcome).toMatchObject({
      ok: false,
      reason: 'INTERNAL',
      errorMessage: expect.stringContaining('this runner has no Rscript'),
    });
  });
});

describe('logs', () => {
  test('lines keep their order, carriage returns and a last line without newline', async () => {
    const task = await server.addPython(
      `import sys
sys.stdout.write("10%\\r20%\\rdone\\n\\nhalf")
sys.stdout.flush()
sys.stdout.buffer.write(b" and half\\n\\xff\\x00bad\\n")
sys.stdout.write("last")
`,
    );
    await task.ended();
    expect(task.printed).toEqual(['10%\r20%\rdone', '', 'half and half', '\ufffdbad', 'last']);
  });

  test('lines over 64 KiB are split', async () => {
    const task = await server.addPython('print("x" * 150000)');
    await task.ended();
    expect(task.printed.map((line) => line.length)).toEqual([65536, 65536, 150000 - 131072]);
  });

  test('the values of secrets become ***, also in the error message', async () => {
    const task = await server.addPython(
      `import os, sys
print("key", os.environ["my_store"], os.environ["SECRETS"])
sys.exit("cannot log in with " + os.environ["my_store_ACCESS_KEY"])
`,
      { context: { secrets: [SECRET] } },
    );
    const { report } = await task.ended();
    const all = JSON.stringify([task.lines, report]);
    expect(all).not.toContain('very-secret-key');
    expect(all).not.toContain('AKIA-ACCESS');
    expect(task.printed[0]).toMatch(/^key \*\*\* /);
    expect(report.outcome).toMatchObject({ errorMessage: 'exit code 1: cannot log in with ***' });
  });

  test('lines are seen while the task runs', async () => {
    const task = await server.addPython(
      `import os, time
print("before")
while not os.path.exists(os.environ["USER_CACHE_DIR"] + "/go"): time.sleep(0.01)
`,
    );
    await task.until(() => task.printed.includes('before'));
    await task.until(() => task.phases.some(({ phase }) => phase === 'RUNNING'));
    expect(task.end).toBeUndefined();
    const release = await server.addPython(
      'import os; open(os.environ["USER_CACHE_DIR"] + "/go", "w")',
    );
    await release.ended();
    expect((await task.ended()).report.outcome).toMatchObject({ ok: true });
  });

  test('100 MB of output are bounded: a head, a note of what is missing, and the tail', async () => {
    const task = await server.addPython(
      `import sys
line = "x" * 999 + "\\n"
for _ in range(100_000): sys.stdout.write(line)
print("the end")
`,
    );
    expect((await task.ended()).report.outcome).toMatchObject({ ok: true });
    const bytes = task.printed.reduce((sum, line) => sum + line.length + 1, 0);
    expect(bytes).toBeGreaterThan(64e6);
    expect(bytes).toBeLessThan(70e6);
    expect(task.printed.at(-1)).toBe('the end');
    const note = task.lines.find((line) => line.m.startsWith('printed more than'));
    expect(note).toMatchObject({ l: 'WARN', c: 'main' });
  });

  test("the runner's own lines say what was done", async () => {
    const task = await server.addPython('pass');
    await task.ended();
    const own = task.lines.filter((line) => line.c === 'main').map((line) => `${line.l} ${line.m}`);
    expect(own).toEqual([
      'DEBUG task data downloaded',
      expect.stringMatching(
        /^INFO image python:3.12-slim is not used: the component runs on this host's \/.*python3.*\(sandbox process\)$/,
      ),
      'INFO container started',
      'INFO exit code 0',
    ]);
  });
});
