/**
 * `npm test [-- --quick] [--project unit|platform] [FILE...]`: sets up what tests need and runs them.
 * The last line is `N passed, N failed` (`, N skipped` where there are any).
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { meetNeeds } from './lib/needs.js';
import { fail, stopwatch } from './lib/progress.js';
import { cache, show, tool } from './lib/run.js';
import { formatTotals, readTotals } from './lib/totals.js';
import { setup } from './setup.js';

const OPTIONS = /** @type {const} */ ({
  quick: { type: 'boolean', default: false },
  project: { type: 'string', multiple: true },
  // For `npm run check`, which adds up several runs: totals go to this file, and no closing line is printed.
  totals: { type: 'string' },
});

async function main() {
  const { values, positionals: files } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const seconds = stopwatch();
  await setup();
  const needs = await meetNeeds();
  let totals;
  try {
    totals = await runVitest(values, files, needs.env);
  } finally {
    await needs.stop();
  }

  console.log(`\nTests on Node ${process.version} took ${seconds()} s.`);
  for (const sentence of needs.missing) console.log(`SKIPPED: ${sentence}`);
  if (values.totals === undefined) {
    for (const failure of totals.failures) console.log(`FAILED: ${failure}`);
    console.log(formatTotals(totals));
  } else await writeFile(values.totals, JSON.stringify(totals));
  const incomplete = needs.missing.length > 0 && process.env['CI'] === 'true';
  if (totals.failed > 0 || incomplete) process.exitCode = 1;
}

/**
 * @param {{ quick: boolean, project?: string[] }} options
 * @param {string[]} files
 * @param {Record<string, string>} found
 */
async function runVitest(options, files, found) {
  await mkdir(cache, { recursive: true });
  const report = path.join(cache, `vitest-${process.version}.json`);
  await rm(report, { force: true });
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  if (options.quick) args.push('--exclude=**/*.slow.test.ts');
  // A quick look is at one database; the store's own suite runs on both in any case.
  const projects = options.project ?? (options.quick ? ['!postgres'] : []);
  args.push(...projects.map((name) => `--project=${name}`), ...files);
  // What is tested must not find a database of the caller's.
  const { DATABASE_URL: _own, ...env } = process.env;
  const exitCode = await show(tool('vitest'), args, { env: { ...env, ...found } });
  return readTotals(report, exitCode);
}

await main().catch(fail);
