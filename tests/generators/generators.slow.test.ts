/**
 * The served documents as others use them: two generators of independent code make clients of them, which
 * the compiler accepts without a change, and which run a job from end to end.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ROOT, runProgram } from '../cli/cli.ts';
import { tarOf } from '../support/components.ts';
import { startPlatform, type Platform } from '../support/platform.ts';

const HERE = import.meta.dirname;

const SERVICES = ['auth', 'customer', 'dev', 'wallet'];

const APP = `
import json, os
suffix = json.loads(os.environ["APP_PARAMS"])["suffix"]
text = open(os.path.join(os.environ["TASK_DIR"], "data.bin")).read()
print("ready")
open(os.path.join(os.environ["TASK_RESULTS_DIR"], "out.txt"), "w").write(text.upper() + suffix)
`;

interface Generator {
  name: string;
  /** What uses the things that it makes, in programs/. */
  program: string;
  /** Its arguments to make `generated/<service>.ts` of a document. */
  args: (document: string, service: string) => string[];
}

const GENERATORS: Generator[] = [
  {
    name: 'openapi-typescript',
    program: 'openapi-fetch.ts',
    args: (document, service) => [document, '-o', `generated/${service}.ts`],
  },
  {
    name: 'swagger-typescript-api',
    program: 'swagger-typescript-api.ts',
    args: (document, service) =>
      ['generate', '-p', document, '-o', 'generated', '-n', `${service}.ts`].concat('--silent'),
  },
];

/** What the programs and the things that are generated import. */
const PACKAGES_USED = [
  [HERE, 'openapi-fetch'],
  [HERE, 'openapi-typescript-helpers'],
  [ROOT, '@types/node'],
  [ROOT, 'undici-types'],
] as const;

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    module: 'nodenext',
    target: 'es2022',
    types: ['node'],
    outDir: 'out',
  },
  include: ['*.ts', 'generated/*.ts'],
};

/** Generators and compiler start slowly. */
const TIMEOUT = { timeout: 5 * 60_000 };

let platform: Platform;

beforeAll(async () => {
  await install();
  platform = await startPlatform();
}, TIMEOUT.timeout);

afterAll(() => platform?.close());

/**
 * The generators bring compilers of their own: a hundred megabytes that only this test needs, so they are
 * no packages of the project. They are installed when the lock is another than the last time.
 */
async function install(): Promise<void> {
  const lock = await readFile(path.join(HERE, 'package-lock.json'));
  const stamp = path.join(HERE, 'node_modules/.installed');
  const hash = createHash('sha256').update(lock).digest('hex');
  if ((await readFile(stamp, 'utf8').catch(() => '')) === hash) return;
  const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  await promisify(execFile)('npm', ['ci', ...flags], { cwd: HERE, timeout: TIMEOUT.timeout });
  await writeFile(stamp, hash);
}

/** A program of the packages that this folder or the project has. */
function programOf(name: string): string {
  const places = [ROOT, HERE].map((dir) => path.join(dir, 'node_modules/.bin', name));
  const place = places.find((candidate) => existsSync(candidate));
  if (place === undefined) throw new Error(`${name} is not installed`);
  return place;
}

async function ok(program: string, args: string[], cwd: string, env = {}): Promise<string> {
  const { code, stdout, stderr } = await runProgram(program, args, {
    cwd,
    timeout: TIMEOUT.timeout,
    env: { PATH: process.env['PATH'], ...env },
  });
  expect({ program, code, output: code === 0 ? '' : stdout + stderr }).toEqual({
    program,
    code: 0,
    output: '',
  });
  return stdout;
}

/** A folder with the clients that a generator makes of what the platform serves, and one program. */
async function generate({ name, program, args }: Generator): Promise<string> {
  const dir = await mkdtemp(path.join(platform.dir, 'client-'));
  await mkdir(path.join(dir, 'generated'));
  await mkdir(path.join(dir, 'node_modules/@types'), { recursive: true });
  for (const [from, name] of PACKAGES_USED) {
    await symlink(path.join(from, 'node_modules', name), path.join(dir, 'node_modules', name));
  }
  await writeFile(path.join(dir, 'package.json'), '{"type":"module"}');
  await writeFile(path.join(dir, 'tsconfig.json'), JSON.stringify(TSCONFIG));
  for (const service of SERVICES) {
    const served = await fetch(`${platform.url}/v1/${service}/docs/swagger.json`);
    await writeFile(path.join(dir, `${service}.json`), await served.text());
    await ok(programOf(name), args(`${service}.json`, service), dir);
  }
  const source = path.join(HERE, 'programs', program);
  await copyFile(source, path.join(dir, 'program.ts'));
  return dir;
}

test.each(GENERATORS)('the client of $name runs a job', TIMEOUT, async (generator) => {
  const dir = await generate(generator);
  await ok(programOf('tsc'), ['-p', '.'], dir);
  const name = `generated-by-${generator.name}`;
  const manifest = { name, version: '1.0', platform_config: { container: 'python:3.12-slim' } };
  const tar = await tarOf([
    ['manifest.json', JSON.stringify(manifest)],
    ['app/main.py', APP],
  ]);
  const output = await ok(process.execPath, ['out/program.js'], dir, {
    BYTENITE_URL: platform.url,
    BYTENITE_API_KEY: platform.apiKey,
    PACKAGE: tar.toString('base64'),
  });
  expect(JSON.parse(output)).toEqual({ 'out.txt': 'HELLO!' });
});
