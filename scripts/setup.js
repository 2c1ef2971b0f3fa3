/**
 * Makes a fresh clone ready: checks the Node version, installs packages when the lock file is another
 * one than at the last install, and builds. The other scripts call it; a second run is near instant.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, step, UserError } from './lib/progress.js';
import { root, run, tool } from './lib/run.js';

// Inside node_modules, so that it goes when they go.
const STAMP = path.join(root, 'node_modules/.bytenite-install');

export async function setup() {
  await checkNode();
  await install();
  await step('Building', build);
}

async function build() {
  const once = () => run('npm', ['run', '--silent', 'build']);
  try {
    await once();
  } catch {
    // After a pull the compiler may hold on to what it knew of types further away; from scratch it does not.
    await run(tool('tsc'), ['-b', '--force']);
    await once();
  }
}

async function checkNode() {
  const manifest = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8'));
  const wanted = manifest.engines.node.replace('>=', '');
  const [major = 0, minor = 0] = wanted.split('.').map(Number);
  const [haveMajor = 0, haveMinor = 0] = process.versions.node.split('.').map(Number);
  if (haveMajor > major || (haveMajor === major && haveMinor >= minor)) return;
  throw new UserError(`bytenite needs Node ${wanted} or newer; this is ${process.version}.`);
}

async function install() {
  const lock = await readFile(path.join(root, 'package-lock.json'));
  const hash = createHash('sha256').update(lock).digest('hex');
  const installed = await readFile(STAMP, 'utf8').catch(() => '');
  if (installed === hash) return;
  // No package that we use needs its install script; the flags are spelled out because a user's
  // own npm settings (NODE_ENV=production, --silent) would otherwise leave tools or errors out.
  const flags = [
    '--include=dev',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ];
  await step('Installing packages (npm ci)', () => run('npm', ['ci', ...flags]));
  await writeFile(STAMP, hash);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup().catch(fail);
