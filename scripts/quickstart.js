/**
 * `npm run quickstart [-- --keep] [--port N] [--data-dir DIR]`: from a fresh clone to the result of a first
 * job. Installs, builds, starts a platform of its own, pushes examples/word-count and counts the words of
 * Moby-Dick. Stops the platform at the end, unless `--keep` is given.
 */
import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { fetchPackageFile, MOBY_DICK } from './lib/packages.js';
import { CLI, startPlatform } from './lib/platform.js';
import { fail, step, stopwatch, UserError } from './lib/progress.js';
import { cache, root, run, show } from './lib/run.js';
import { setup } from './setup.js';

/** @typedef {import('./lib/platform.js').Platform} Platform */

const EXAMPLE = 'examples/word-count';
const OUT = path.join(cache, 'word-count-result');
const TOP = 10;
const BAR_WIDTH = 30;

const COMPONENTS = [
  ['engine', `${EXAMPLE}/partitioner`],
  ['engine', `${EXAMPLE}/assembler`],
  // Last, for it brings the template, which names the engines.
  ['app', `${EXAMPLE}/app`],
];

const OPTIONS = /** @type {const} */ ({
  keep: { type: 'boolean', default: false },
  port: { type: 'string' },
  'data-dir': { type: 'string', default: path.join(cache, 'quickstart') },
});

const interrupt = new AbortController();
const { signal } = interrupt;

async function main() {
  const { keep, port, dataDir } = readOptions();
  const seconds = stopwatch();
  await requirePython();
  await setup();
  const text = await step('Fetching Moby-Dick (1.2 MB)', fetchText);
  const platform = await step('Starting the platform', () =>
    startPlatform({ dataDir, signal, ...(port !== undefined && { port }) }),
  );
  console.log(`  The API is at ${platform.url}, its data in ${relative(dataDir)}`);
  let done = false;
  try {
    await step('Pushing examples/word-count', () => pushExample(platform));
    await countWords(platform, text);
    await printResult();
    done = true;
  } finally {
    if (!keep || !done) await step('Stopping the platform', platform.stop);
  }
  console.log(`\nDone in ${seconds()} s.`);
  console.log(keep ? keptText(platform, dataDir) : STOPPED_TEXT);
}

function readOptions() {
  const { values } = parseOptions();
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new UserError(`--port must be a number from 1 to 65535, not ${values.port}.`);
  }
  return { keep: values.keep, port, dataDir: path.resolve(values['data-dir']) };
}

function parseOptions() {
  try {
    return parseArgs({ options: OPTIONS });
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error));
  }
}

async function requirePython() {
  const version = await run('python3', ['--version']).catch(() => undefined);
  if (version !== undefined) return;
  throw new UserError(
    'The example is written in Python, and python3 was not found. Install it (on Debian: apt-get install python3) and run this again.',
  );
}

async function fetchText() {
  const file = path.join(cache, 'moby-dick.txt');
  await copyFile(await fetchPackageFile(MOBY_DICK), file);
  return file;
}

/** @param {Platform} platform */
async function pushExample({ env }) {
  for (const [kind = '', folder = ''] of COMPONENTS) {
    await run(process.execPath, [CLI, kind, 'push', folder], { env, signal });
    await run(process.execPath, [CLI, kind, 'activate', folder], { env, signal });
  }
}

/**
 * @param {Platform} platform
 * @param {string} text
 */
async function countWords({ env }, text) {
  await rm(OUT, { recursive: true, force: true });
  const args = ['job', 'run', '--template', 'word-count', '--input', text, '--out', OUT];
  console.log(`\n$ bytenite ${args.map(relative).join(' ')}\n`);
  const exitCode = await show(process.execPath, [CLI, ...args], { env, signal });
  if (exitCode !== 0) throw new UserError('The job did not complete.');
}

async function printResult() {
  /** @type {{ word: string, count: number }[]} */
  const words = JSON.parse(await readFile(path.join(OUT, 'words.json'), 'utf8'));
  const [first] = words;
  if (first === undefined) throw new UserError('The job found no words.');
  console.log(`\nThe most frequent of ${words.length} long words in Moby-Dick:\n`);
  for (const { word, count } of words.slice(0, TOP)) {
    const bar = '█'.repeat(Math.round((count / first.count) * BAR_WIDTH));
    console.log(`  ${word.padEnd(10)} ${String(count).padStart(6)}  ${bar}`);
  }
  console.log(`\nAll of them: ${relative(OUT)}\n`);
}

/** @param {string} file */
function relative(file) {
  return file.startsWith(`${root}${path.sep}`) ? path.relative(root, file) : file;
}

const STOPPED_TEXT = `
Next:
  npm run quickstart -- --keep     # the same, and the platform stays up to play with
  npx bytenite up                  # a platform of your own, on http://127.0.0.1:4280
  npx bytenite app new my-app      # a skeleton to start from`;

/**
 * @param {Platform} platform
 * @param {string} dataDir
 */
function keptText({ url, pid }, dataDir) {
  return `
The platform is running: API at ${url}, documentation at ${url}/v1/customer/docs/

Next:
  export BYTENITE_API_URL=${url} BYTENITE_API_KEY=$(cat ${relative(path.join(dataDir, 'api-key'))})
  npx bytenite job list
  npx bytenite job run --template word-count --input README.md --param app.min_length=8 --out result
  curl -H "Authorization: $BYTENITE_API_KEY" $BYTENITE_API_URL/v1/customer/jobs
  kill ${pid}     # stops it`;
}

for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM'])) {
  // Commands under way end with this; main's finally then stops the platform.
  process.on(name, () => interrupt.abort());
}

await main().catch((error) => {
  if (!signal.aborted) return fail(error);
  console.error('\nInterrupted.');
  process.exitCode = 130;
  return undefined;
});
