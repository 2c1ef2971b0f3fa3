/** What the command line says without a platform: help, complaints, skeletons. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHome, type Home } from './cli.ts';

const run = promisify(execFile);

let home: Home;

beforeAll(async () => {
  home = await makeHome();
});

afterAll(() => home.remove());

describe('help', () => {
  it('shows every command, and an example', async () => {
    const help = await home.ok(['--help']);
    for (const name of [
      'up',
      'server',
      'auth',
      'key',
      'user',
      'app',
      'engine',
      'template',
      'job',
      'version',
    ]) {
      expect(help).toMatch(new RegExp(`^  ${name} `, 'm'));
    }
    expect(help).toContain('Examples:');
  });

  it('says the version as a flag and as a command', async () => {
    const { version } = JSON.parse(
      await readFile(path.join(import.meta.dirname, '../../packages/cli/package.json'), 'utf8'),
    ) as { version: string };
    expect(await home.ok(['--version'])).toBe(`bytenite ${version}\n`);
    expect(await home.ok(['version'])).toBe(`bytenite ${version}\n`);
  });
});

it('wrong usage is told on stderr, with exit code 2', async () => {
  const { code, stdout, stderr } = await home.run(['job', 'list', '--colour']);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain("unknown option '--colour'");
});

describe('without a platform', () => {
  it('says how to get one', async () => {
    const { code, stderr } = await home.run(['job', 'list']);
    expect(code).toBe(1);
    expect(stderr).toContain('no platform to talk to');
    expect(stderr).toContain('bytenite up');
  });

  it('says that nothing answers, and where it was looked for', async () => {
    const args = ['job', 'list', '--url', 'http://127.0.0.1:9', '--api-key', 'k'];
    const { code, stderr } = await home.run(args);
    expect(code).toBe(1);
    expect(stderr).toContain('http://127.0.0.1:9 could not be reached');
  });

  it('says how to sign in without a browser', async () => {
    const { code, stderr } = await home.run(['auth', '--url', 'http://127.0.0.1:9']);
    expect(code).toBe(1);
    expect(stderr).toContain('--api-key');
  });

  it('looks for an input before it makes a job', async () => {
    const args = ['job', 'run', '--template', 'a', '--input', 'nowhere.txt'];
    expect((await home.run(args)).stderr).toContain('--input nowhere.txt cannot be read');
  });
});

describe('skeletons', () => {
  it('are written once, and never over something else', async () => {
    await home.ok(['app', 'new', 'my-app']);
    const manifest = await readFile(path.join(home.dir, 'my-app/manifest.json'), 'utf8');
    expect(JSON.parse(manifest)).toMatchObject({
      name: 'my-app',
      version: '0.1',
      platform_config: { container: 'python:latest' },
      device_requirements: { min_cpu: 2, min_memory: 2 },
    });
    const template = await readFile(path.join(home.dir, 'my-app/template.json'), 'utf8');
    expect(JSON.parse(template)).toMatchObject({
      id: 'my-app-template',
      app: 'my-app',
      partitioner: 'passthrough',
      assembler: 'passthrough',
    });
    const again = await home.run(['app', 'new', 'my-app']);
    expect(again.code).toBe(1);
    expect(again.stderr).toContain('my-app is not empty');
  });

  it('check what they are given', async () => {
    await home.ok(['app', 'new', 'checked']);
    const main = path.join(home.dir, 'checked/app/main.py');
    const fails = async (env: Record<string, string>) =>
      (
        (await run('python3', [main], { env }).catch((error: unknown) => error)) as {
          stderr: string;
        }
      ).stderr;
    expect(await fails({})).toContain('TASK_DIR is not set');
    expect(await fails({ TASK_DIR: '/nowhere' })).toContain('is not a directory');
  });

  it('of a template holds every key that can be set', async () => {
    await home.ok(['template', 'new', 'blank']);
    const template = await readFile(path.join(home.dir, 'blank.json'), 'utf8');
    expect(Object.keys(JSON.parse(template) as object)).toEqual([
      'id',
      'description',
      'app',
      'partitioner',
      'assembler',
      'dataSource',
      'dataDestination',
      'params',
      'config',
    ]);
    expect((await home.run(['template', 'push', 'blank.json'])).stderr).toContain(
      'blank.json:4:10  app: is required',
    );
  });
});

it('all that is wrong with a folder is told before anything is sent', async () => {
  const folder = path.join(home.dir, 'wrong');
  await mkdir(path.join(folder, 'app'), { recursive: true });
  await writeFile(
    path.join(folder, 'manifest.json'),
    '{"name": "a b", "version": "1", "platformConfig": {}, "entrypoint": "go.py"}',
  );
  await writeFile(path.join(folder, 'template.json'), '{"id": "x",}');
  await writeFile(path.join(folder, 'schema.json'), '{"type": }');
  await symlink('/etc/hostname', path.join(folder, 'app/link'));
  const { code, stderr } = await home.run(['app', 'push', 'wrong']);
  expect(code).toBe(1);
  expect(stderr.trim().split('\n')).toEqual([
    'bytenite: wrong cannot be pushed: 6 problems',
    '  manifest.json:1:10  name: must be letters, digits, "-" and "_", at most 64 of them',
    '  manifest.json:1:28  version: must be major.minor, like "0.1"',
    '  manifest.json:1:51  platform_config.container: is required',
    expect.stringContaining('app/link  is a symbolic link') as string,
    expect.stringContaining('schema.json:1:10  needs a value here') as string,
    '  template.json  app: is required',
  ]);
});
