/**
 * `npm run check`: all that a change must pass, exactly as CI runs it. Every step runs, so that one
 * look shows all that is wrong. The last line counts the tests of all runs: `N passed, N failed`.
 */
import { access, mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { fetchPackageFile, LTS_NODE } from './lib/packages.js';
import { fail, step } from './lib/progress.js';
import { cache, CommandError, root, run, show, tool } from './lib/run.js';
import { addTotals, formatTotals, noReport } from './lib/totals.js';
import { setup } from './setup.js';

/** @typedef {import('./lib/totals.js').Totals} Totals */

/** @type {[label: string, command: string, args: string[]][]} */
const STATIC_CHECKS = [
  ['Format', tool('oxfmt'), ['--check', '.']],
  ['Lint', tool('oxlint'), []],
  ['Types of tests and benches', tool('tsc'), ['-p', 'tsconfig.test.json']],
  ['Types of scripts', tool('tsc'), ['-p', 'tsconfig.scripts.json']],
  ['Dead code', tool('knip'), []],
];

const GENERATOR = 'scripts/generate.js';

async function main() {
  await setup();
  const failures = await runStaticChecks();
  const totals = await runAllTests(failures);
  for (const failure of [...totals.failures, ...failures]) console.log(`FAILED: ${failure}`);
  console.log(formatTotals(totals));
  if (failures.length > 0 || totals.failed > 0) process.exitCode = 1;
}

/** @returns {Promise<string[]>} the labels of those that failed */
async function runStaticChecks() {
  const checks = [...STATIC_CHECKS];
  if (await exists(GENERATOR)) checks.push(['Generated files', 'node', [GENERATOR, '--check']]);
  const failures = [];
  for (const [label, command, args] of checks) {
    try {
      await step(label, () => run(command, args));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failures.push(label);
    }
  }
  return failures;
}

/** @param {string[]} failures gets a line for each run of tests that did not pass */
async function runAllTests(failures) {
  const here = await runTests([], process.env, failures);
  const bin = await ltsNodeBin(failures);
  if (bin === undefined) return here;
  // Found first on the PATH, it also runs npm itself and whatever a test starts as `node`.
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env['PATH']}` };
  return addTotals(here, await runTests(['--quick'], env, failures));
}

/**
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string[]} failures
 * @returns {Promise<Totals>}
 */
async function runTests(args, env, failures) {
  const file = path.join(cache, 'totals.json');
  await mkdir(cache, { recursive: true });
  await rm(file, { force: true });
  const exitCode = await show('npm', ['test', '--', ...args, `--totals=${file}`], { env });
  if (exitCode !== 0) failures.push(['npm test', ...args].join(' '));
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? noReport('npm test ended before its tests did') : JSON.parse(text);
}

/**
 * The folder of an LTS Node beside the running one; undefined where there is none to bring.
 *
 * @param {string[]} failures
 */
async function ltsNodeBin(failures) {
  const name = `Node ${LTS_NODE.version}`;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    console.log(`SKIPPED: tests on ${name}: it is brought along for Linux on x64 only`);
    return undefined;
  }
  try {
    const node = await step(`Fetching ${name}`, () => fetchPackageFile(LTS_NODE));
    return path.dirname(node);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    failures.push(`tests on ${name}: ${error.message}`);
    return undefined;
  }
}

/** @param {string} file */
function exists(file) {
  return access(path.join(root, file)).then(
    () => true,
    () => false,
  );
}

await main().catch(fail);
