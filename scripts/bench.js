/**
 * `npm run bench -- NAME [--json] [OPTIONS]`: builds, then runs bench/NAME.ts. Without a name it lists them.
 * Figures go to stdout, everything else to stderr, so that `npm run -s bench -- NAME --json` prints JSON only.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fail, UserError } from './lib/progress.js';
import { root, tool } from './lib/run.js';

/** What is compared runs on as many cores, wherever it is measured. */
const CORES = 2;

async function main() {
  const [name, ...args] = process.argv.slice(2);
  const names = (await readdir(path.join(root, 'bench')))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => file.slice(0, -'.ts'.length));
  if (name === undefined || !names.includes(name)) {
    throw new UserError(`Usage: npm run bench -- ${names.join('|')} [--json] [--rounds N]`);
  }
  const setup = [process.execPath, path.join(root, 'scripts/setup.js')];
  process.exitCode = await start(setup, ['ignore', 2, 'inherit']);
  if (process.exitCode !== 0) return;
  const bench = [tool('tsx'), path.join(root, 'bench', `${name}.ts`), ...args];
  const pinned = availableParallelism() > CORES ? ['taskset', '-c', `0-${CORES - 1}`] : [];
  process.exitCode = await start([...pinned, ...bench], ['ignore', 'inherit', 'inherit']);
}

/**
 * @param {string[]} command
 * @param {import('node:child_process').StdioOptions} stdio
 * @returns {Promise<number>}
 */
async function start([program = '', ...args], stdio) {
  const child = spawn(program, args, { cwd: root, stdio });
  // Ctrl-C reaches the bench as well, which then stops what it started.
  process.on('SIGINT', () => undefined);
  const [code] = await once(child, 'close');
  return code ?? 1;
}

await main().catch(fail);
