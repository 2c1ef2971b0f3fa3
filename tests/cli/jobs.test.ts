/** Components and jobs from the command line, against a platform that `up` runs. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  childrenOf,
  CLI,
  commandOf,
  makeHome,
  ROOT,
  runProgram,
  startUp,
  waitFor,
  type Home,
  type Up,
} from './cli.ts';

/** A dozen commands, on a machine that may have other things to do. */
const SETUP_MS = 240_000;

let home: Home;
let up: Up;

beforeAll(async () => {
  home = await makeHome();
  // Its tasks look for files of this machine, which the tier `namespace` hides.
  up = await startUp(home, ['--sandbox', 'process']);
  for (const [kind = '', folder = ''] of [
    ['engine', 'word-count/partitioner'],
    ['engine', 'word-count/assembler'],
    ['app', 'word-count/app'],
    ['app', 'hello-world'],
  ]) {
    await home.ok([kind, 'push', path.join(ROOT, 'examples', folder)]);
    await home.ok([kind, 'activate', path.join(ROOT, 'examples', folder)]);
  }
  await makeApp('misbehaving', MISBEHAVING);
}, SETUP_MS);

afterAll(async () => {
  await up.stop();
  await home.remove();
});

const MISBEHAVING = `
import json, os, sys, time
params = json.loads(os.environ["APP_PARAMS"])
print(params.get("say", "nothing"), flush=True)
while os.path.exists(params.get("until_gone", "")):
    time.sleep(0.05)
print("the last word", file=sys.stderr)
sys.exit(params.get("exit", 0))
`;

async function makeApp(name: string, main: string): Promise<void> {
  await home.ok(['app', 'new', name]);
  await writeFile(path.join(home.dir, name, 'app/main.py'), main);
  await home.ok(['app', 'push', name]);
  await home.ok(['app', 'activate', name]);
}

function file(name: string): string {
  return path.join(home.dir, name);
}

/** A job that runs until the returned function is called. */
async function heldJob(): Promise<{ args: string[]; release: () => Promise<void> }> {
  const gate = path.join('/tmp', `bytenite-gate-${process.pid}-${Math.random()}`);
  await writeFile(gate, '');
  return {
    args: ['job', 'run', '--app', 'misbehaving', '--param', `app.until_gone=${gate}`],
    release: () => rm(gate, { force: true }),
  };
}

describe('components', () => {
  it('are listed, shown, switched off and on', async () => {
    expect(await home.ok(['app', 'list'])).toMatch(/^hello-world +0\.1 +active/m);
    expect(await home.ok(['engine', 'list'])).toMatch(/^line-splitter .* partitioner$/m);
    expect(JSON.parse(await home.ok(['app', 'get', 'hello-world']))).toMatchObject({
      name: 'hello-world',
      revision: '1',
    });
    expect(JSON.parse(await home.ok(['engine', 'get', 'line-splitter@0.1']))).toMatchObject({
      type: 'partitioner',
    });
    expect(JSON.parse(await home.ok(['app', 'list', '--json']))).toBeInstanceOf(Array);
    await home.ok(['engine', 'deactivate', 'line-splitter']);
    expect(await home.ok(['engine', 'status', 'line-splitter'])).toBe('inactive\n');
    await home.ok(['engine', 'activate', 'line-splitter']);
    expect(await home.ok(['app', 'status', 'line-splitter'])).toBe('active\n');
  });

  it('pulled are what was pushed', async () => {
    await mkdir(file('pulled'));
    for (const [kind = '', name = '', source = ''] of [
      ['app', 'hello-world', 'hello-world'],
      ['engine', 'line-splitter', 'word-count/partitioner'],
    ]) {
      await home.ok([kind, 'pull', name]);
      for (const part of ['app/main.py', 'manifest.json', 'schema.json']) {
        const pulled = await readFile(path.join(home.dir, name, part), 'utf8');
        const pushed = await readFile(path.join(ROOT, 'examples', source, part), 'utf8');
        // A stored manifest is written anew; everything else stays as it is.
        const isManifest = part === 'manifest.json';
        const canonical = (text: string) => (isManifest ? JSON.stringify(JSON.parse(text)) : text);
        expect(canonical(pulled)).toBe(canonical(pushed));
      }
      const again = await home.run([kind, 'pull', name]);
      expect(again.stderr).toContain('--force');
      await home.ok([kind, 'pull', name, '--force']);
    }
  });

  it('that are unknown are said to be', async () => {
    const { code, stderr } = await home.run(['app', 'get', 'nothing']);
    expect(code).toBe(1);
    expect(stderr).toContain('app not found');
  });

  it('of every skeleton run together', async () => {
    for (const type of ['partitioner', 'assembler']) {
      await home.ok(['engine', 'new', `plain-${type}`, '--type', type]);
      await home.ok(['engine', 'push', `plain-${type}`]);
      await home.ok(['engine', 'activate', `plain-${type}`]);
    }
    await home.ok(['app', 'new', 'plain']);
    await home.ok(['app', 'push', 'plain']);
    await home.ok(['app', 'activate', 'plain']);
    await writeFile(file('plain.txt'), 'passed on');
    const engines = ['--partitioner', 'plain-partitioner', '--assembler', 'plain-assembler'];
    const args = ['--template', 'plain-template', ...engines, '--input', 'plain.txt'];
    await home.ok(['job', 'run', ...args, '--out', 'plain-out']);
    expect(await readFile(file('plain-out/result.bin'), 'utf8')).toBe('passed on');
  });
});

describe('templates', () => {
  it('go to a file and back', async () => {
    await home.ok(['template', 'pull', 'word-count']);
    const pulled = await readFile(file('word-count.json'), 'utf8');
    expect(JSON.parse(pulled)).toMatchObject({ params: { assembler: { top: 20 } } });
    const changed = pulled.replace('"top": 20', '"top": 5.0, // fewer');
    await writeFile(file('other.json'), changed.replace('"word-count"', '"fewer"'));
    await home.ok(['template', 'push', 'other.json']);
    expect(await home.ok(['template', 'get', 'fewer'])).toContain('"top": 5.0');
    expect(await home.ok(['template', 'list'])).toMatch(/^fewer +word-counter /m);
  });
});

describe('a job', () => {
  it('is uploaded, run, watched and fetched by one command', async () => {
    await writeFile(file('hello.txt'), 'hello, world');
    const args = ['--template', 'hello-world', '--input', 'hello.txt', '--name', 'my job'];
    const { code, stdout, stderr } = await home.run([
      'job',
      'run',
      ...args,
      '--param',
      'app.case=title',
      '--out',
      'results',
    ]);
    expect(stderr).toMatch(/^Job \S+$/m);
    expect(stderr).toContain('complete');
    expect(stdout).toContain('is complete: 1 task');
    expect(code).toBe(0);
    expect(await readFile(file('results/result.txt'), 'utf8')).toBe('Hello, World');

    expect(await home.ok(['job', 'list'])).toMatch(/my job +complete +1\/1/);
    expect(await home.ok(['job', 'get', 'last'])).toMatch(/^Name +my job$/m);
    expect(await home.ok(['job', 'results', 'last'])).toBe('result.txt\n');
    expect(await home.ok(['job', 'tasks', 'last'])).toMatch(/^chunk 0 +completed +1 /m);
    // Time in queue, start, transfer, run and on the CPU, then memory and bytes in and out.
    const took = /^chunk 0 +completed( +\d+\.\d{3} s){5}( +[\d.]+ (B|KiB|MiB)){3}$/m;
    expect(await home.ok(['job', 'tasks', 'last', '--stats'])).toMatch(took);
    expect(await home.ok(['job', 'logs', 'last'])).toMatch(/chunk 0 +\| changed the text to title/);
    expect(await home.ok(['job', 'watch', 'last', '--out', 'again'])).toContain('1 file');
    expect(await readdir(file('again'))).toEqual(['result.txt']);
  });

  it('that failed has no results: the command says why it failed, and what to do', async () => {
    const args = ['--app', 'misbehaving', '--param', 'app.exit=3', '--config', 'maxTaskRetries=0'];
    await home.run(['job', 'run', ...args]);
    for (const more of [[], ['--out', 'nothing'], ['--json']]) {
      const { code, stdout, stderr } = await home.run(['job', 'results', 'last', ...more]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
      expect(stderr).toMatch(/job \S+ failed: TASK_FAILED/);
      expect(stderr).toContain('exit code 3: the last word');
      expect(stderr).toMatch(/bytenite job logs \S+/);
    }
    expect(await readdir(home.dir)).not.toContain('nothing');
  });

  it('takes its input from a pipe or from an address', async () => {
    const run = ['job', 'run', '--app', 'hello-world', '--out', 'piped'];
    await home.ok([...run, '--input', '-'], { input: 'from a pipe' });
    expect(await readFile(file('piped/result.txt'), 'utf8')).toBe('FROM A PIPE');
    const source = createServer((_, response) => response.end('from afar')).listen(0, '127.0.0.1');
    await new Promise((resolve) => source.once('listening', resolve));
    const { port } = source.address() as AddressInfo;
    await home.ok([...run, '--url-source', `http://127.0.0.1:${port}/a.txt`]);
    source.close();
    expect(await readFile(file('piped/result.txt'), 'utf8')).toBe('FROM AFAR');
  });

  it('counts its tasks while it runs', async () => {
    await writeFile(file('long.txt'), 'words in lines\n'.repeat(60));
    const { code, stderr, stdout } = await home.run([
      'job',
      'run',
      '--template',
      'word-count',
      '--input',
      'long.txt',
      '--param',
      'partitioner.lines_per_chunk=5',
      '--out',
      'counted',
    ]);
    expect(stderr).toMatch(/running tasks, \d+\/12 done/);
    expect(stdout).toContain('12 tasks');
    expect(code).toBe(0);
    expect(await readdir(file('counted'))).toContain('words.json');
    const tasks = JSON.parse(await home.ok(['job', 'tasks', 'last', '--kind', 'app', '--json']));
    expect(tasks).toHaveLength(12);
    expect(await home.ok(['job', 'tasks', 'last', '--limit', '5'])).toContain('5 of 14');
    const one = await home.ok(['job', 'logs', 'last', '--chunk', '11']);
    expect(one).toContain('chunk 11');
    expect(one).not.toContain('chunk 10');
  });

  it('has its parameters reach it as they were written', async () => {
    const args = ['--app', 'misbehaving', '--param', 'app.n=1.0', '--param', 'app.t:=1.0'];
    await home.ok(['job', 'create', ...args]);
    const json = await home.ok(['job', 'get', 'last', '--json']);
    expect(json).toMatch(/"n": 1\.0,\s+"t": "1\.0"/);
  });

  it('can be a draft that is run later', async () => {
    await writeFile(file('draft.txt'), 'later');
    const created = await home.ok([
      'job',
      'create',
      '--app',
      'hello-world',
      '--input',
      'draft.txt',
      '--name',
      'a draft',
      '--id',
      'my-draft',
    ]);
    expect(created).toContain('Created draft my-draft');
    expect((await home.run(['job', 'watch', 'my-draft'])).stderr).toContain('is a draft');
    const run = ['job', 'run', 'last', '--config', 'taskTimeout=60', '--json'];
    expect(JSON.parse(await home.ok(run))).toMatchObject({
      id: 'my-draft',
      state: 'JOB_STATE_COMPLETE',
      config: { taskTimeout: 60 },
    });
    await home.ok(['job', 'delete', 'my-draft']);
    expect((await home.run(['job', 'get', 'my-draft'])).stderr).toContain('job not found');
  });

  it('that fails says why, with what its task printed last', async () => {
    const { code, stderr } = await home.run([
      'job',
      'run',
      '--app',
      'misbehaving',
      '--config',
      'maxTaskRetries=0',
      '--param',
      'app.exit=3',
      '--param',
      'app.say=\u001b[31mred\u001b[2J',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/job \S+ failed: TASK_FAILED/);
    expect(stderr).toContain('chunk 0: exit code 3: the last word');
    expect(stderr).toContain('| \u001b[31mred\\x1b[2J\u001b[0m');
    expect(stderr).toContain('| the last word');
    expect(await home.ok(['job', 'logs', 'last', '--raw'])).toContain('\u001b[31mred\u001b[2J');
    expect(await home.ok(['job', 'tasks', 'last', '--state', 'failed'])).toContain('exit code 3');
  });

  it('that cannot run leaves a draft only for the sake of its upload', async () => {
    await home.ok(['app', 'deactivate', 'hello-world']);
    const before = await home.ok(['job', 'list', '--json']);
    const bare = await home.run(['job', 'run', '--app', 'hello-world']);
    expect(bare.stderr).toContain('no active app matches hello-world');
    expect(await home.ok(['job', 'list', '--json'])).toBe(before);
    await writeFile(file('kept.txt'), 'kept');
    const args = ['job', 'run', '--app', 'hello-world', '--input', 'kept.txt'];
    expect((await home.run(args)).stderr).toContain('the draft is kept');
    await home.ok(['app', 'activate', 'hello-world']);
    await home.ok(['job', 'run', 'last', '--out', 'kept']);
    expect(await readFile(file('kept/result.txt'), 'utf8')).toBe('KEPT');
  });

  it('whose parameters are refused is not made', async () => {
    const args = ['job', 'run', '--template', 'hello-world', '--param', 'app.case=sideways'];
    const { code, stderr } = await home.run(args);
    expect(code).toBe(1);
    expect(stderr).toContain('params.app.case');
  });

  it('runs on after Ctrl-C, and can be returned to', async () => {
    const { args, release } = await heldJob();
    const running = home.start(args);
    await running.printed('1 running');
    running.process.kill('SIGINT');
    expect(await running.ended()).toBe(130);
    const id = /bytenite job watch (\S+)/.exec(running.output())?.[1] ?? '';
    expect(JSON.parse(await home.ok(['job', 'get', id, '--json']))).toMatchObject({
      state: 'JOB_STATE_PARTITIONED',
    });
    await release();
    expect(await home.ok(['job', 'watch', id])).toContain('is complete');
  });

  it('can be left to itself, and aborted', async () => {
    const { args, release } = await heldJob();
    expect(await home.ok([...args, '--no-wait'])).toContain('Watch it: bytenite job watch');
    await home.ok(['job', 'abort', 'last']);
    await release();
    const { code, stderr } = await home.run(['job', 'watch', 'last']);
    expect(code).toBe(1);
    expect(stderr).toContain('aborted by user');
  });

  it('has its lines followed to its end', async () => {
    const { args, release } = await heldJob();
    await home.ok([...args, '--param', 'app.say=first', '--no-wait']);
    const running = home.start(['job', 'logs', 'last', '-f']);
    await running.printed('| first');
    await release();
    expect(await running.ended()).toBe(0);
    expect(running.output().match(/\| (first|the last word)$/gm)).toEqual([
      '| first',
      '| the last word',
    ]);
  });

  it('is watched over a restart of the server', async () => {
    const { args, release } = await heldJob();
    const running = home.start(args);
    await running.printed('1 running');
    const server = childrenOf(up).find((pid) => commandOf(pid).join().includes('server/dist'));
    process.kill(server ?? 0, 'SIGKILL');
    await waitFor('another server', () =>
      fetch(`${up.url}/readyz`).then(
        (r) => r.ok,
        () => false,
      ),
    );
    await release();
    expect(await running.ended()).toBe(0);
    expect(running.output()).toContain('is complete');
  });
});

it('on a terminal progress is one line that lives, and is gone at the end', async () => {
  await writeFile(file('tty.txt'), 'on a terminal');
  const script = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)';
  const job = ['job', 'run', '--app', 'hello-world', '--input', file('tty.txt')];
  const { code, stdout } = await runProgram(
    'python3',
    ['-c', script, process.execPath, CLI, ...job],
    {
      cwd: home.dir,
      env: { PATH: process.env['PATH'], HOME: home.dir, TERM: 'xterm', COLUMNS: '100' },
    },
  );
  expect(code).toBe(0);
  expect(stdout).toMatch(/✓\S* input +\S*✓\S* partition/);
  const lines = stdout.split('\r\n').map((line) => line.split('\u001b[2K').at(-1));
  expect(lines.filter((line) => line?.includes('partition'))).toEqual([]);
  expect(lines.join('\n')).toContain('is complete');
});
