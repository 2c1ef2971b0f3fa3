/**
 * `npm run bench -- NAME [--json] [OPTIONS]`: builds, then runs bench/NAME.ts. Without a name it lists them.
 * Figures go to stdout, everything else to stderr, so that `npm run -s bench -- NAME --json` prints JSON only.
 */
import { readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fail, UserError } from './lib/progress.js';
import { root } from './lib/run.js';
import { runWithTsx } from './lib/with-tsx.js';

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
  const pinned = availableParallelism() > CORES ? ['taskset', '-c', `0-${CORES - 1}`] : [];
  process.exitCode = await runWithTsx(`bench/${name}.ts`, args, pinned);
}

await main().catch(fail);
