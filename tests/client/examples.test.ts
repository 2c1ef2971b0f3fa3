/** The clients as people install them: away from the workspace, each with its example. */
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT, runProgram } from '../cli/cli.ts';
import { packClient } from '../../scripts/pack-client.js';
import { startPlatform, type Platform } from '../support/platform.ts';
import { pushWordCount } from './word-count.ts';

const TEXT = 'call me ishmael\nsome years ago\nnever mind how long\n'.repeat(300);
const COUNTED =
  '300\tcall\n300\tishmael\n300\tlong\n300\tmind\n300\tnever\n300\tsome\n300\tyears\n';
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');
const PYTHON = process.env['BYTENITE_TEST_PYTHON'] ?? 'python3';

let platform: Platform;
let env: NodeJS.ProcessEnv;
/** The folder of a project with the packed client. */
let project: string;

beforeAll(async () => {
  platform = await startPlatform();
  await pushWordCount(platform);
  const { PATH } = process.env;
  const { url, apiKey, dir } = platform;
  env = { PATH, HOME: dir, BYTENITE_API_URL: url, BYTENITE_API_KEY: apiKey };
  project = await installPacked();
});

afterAll(() => platform?.close());

/** A copy of an example in an empty project, with a text to count. */
async function copyExample(example: string): Promise<string> {
  const project = path.join(platform.dir, example);
  await cp(path.join(ROOT, 'examples', example), project, { recursive: true });
  await writeFile(path.join(project, 'book.txt'), TEXT);
  return project;
}

async function runIn(cwd: string, program: string, args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, { cwd, env });
  expect({ code, stdout, stderr: code === 0 ? '' : stderr }).toEqual({
    code: 0,
    stdout,
    stderr: '',
  });
  return stdout;
}

/** A project with the packed client and nothing else. */
async function installPacked(): Promise<string> {
  const folder = await copyExample('client-typescript');
  const file = await packClient(folder);
  await writeFile(path.join(folder, 'package.json'), '{"type": "module"}');
  // Offline, so that what it needs has to be in it.
  const install = ['install', '--offline', '--no-audit', '--no-fund', '--no-save', file];
  await runIn(folder, 'npm', install);
  // What a project that compiles for Node has.
  await mkdir(path.join(folder, 'node_modules/@types'));
  for (const name of ['@types/node', 'undici-types']) {
    const target = path.join(folder, 'node_modules', name);
    await symlink(path.join(ROOT, 'node_modules', name), target);
  }
  return folder;
}

it('the packed TypeScript client installs alone, its types hold, and its example works', async () => {
  expect(await readdir(path.join(project, 'node_modules/@bytenite'))).toEqual(['client']);
  const manifest = path.join(project, 'node_modules/@bytenite/client/package.json');
  expect(JSON.parse(await readFile(manifest, 'utf8'))).not.toHaveProperty('private');
  await runIn(project, process.execPath, [TSC]);
  expect(await runIn(project, process.execPath, ['count-words.js', 'book.txt'])).toBe(COUNTED);
});

it('the types know what a call takes', async () => {
  await writeFile(
    path.join(project, 'wrong.ts'),
    `import { createClient } from '@bytenite/client';
const client = createClient({ baseUrl: '' });
void client.call('Customer_GetJob', { params: { id: 'a' } });
void client.jobs.create({ templateID: 'a' });
`,
  );
  const args = [
    TSC,
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    'wrong.ts',
  ];
  const { stdout } = await runProgram(process.execPath, [...args, '--ignoreConfig'], {
    cwd: project,
    env,
  });
  expect(stdout).toContain("'id' does not exist");
  expect(stdout).toContain("'templateID' does not exist");
  expect(stdout.match(/error TS/g)).toHaveLength(2);
});

it('the Python client is one file, and its example works', async () => {
  const project = await copyExample('client-python');
  await cp(path.join(ROOT, 'clients/python/bytenite.py'), path.join(project, 'bytenite.py'));
  expect(await runIn(project, PYTHON, ['count_words.py', 'book.txt'])).toBe(COUNTED);
});
