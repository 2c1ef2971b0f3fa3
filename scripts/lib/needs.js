/** What tests need from the operating system beside Node. */
import { findFaketime } from './faketime.js';
import { findPostgres, startPostgres } from './postgres.js';
import { CommandError, run } from './run.js';
import { step } from './progress.js';

/**
 * @typedef {{ env: Record<string, string>, stop: () => Promise<void> }} Started
 * @typedef {{
 *   name: string,
 *   why: string,
 *   variable: string,
 *   debian: string[],
 *   find: () => Promise<string | undefined>,
 *   start?: (found: string) => Promise<Started>,
 * }} Need
 *   `variable` tells the tests where the thing is; it is unset when the thing is missing. What has to run
 *   beside the tests is started, and says itself where.
 */

/** @type {Need[]} */
const NEEDS = [
  {
    name: 'python3 with the requests module',
    why: "the Jobs guide's own code blocks and the clients of tests/compatibility are run with it",
    variable: 'BYTENITE_TEST_PYTHON',
    debian: ['python3', 'python3-requests'],
    find: findPythonWithRequests,
  },
  {
    name: 'Chromium',
    why: 'pages are looked at in it',
    variable: 'BYTENITE_TEST_BROWSER',
    debian: ['chromium'],
    find: () => findProgram('chromium'),
  },
  {
    name: 'zsh',
    why: 'completion of commands is tried in it',
    variable: 'BYTENITE_TEST_ZSH',
    debian: ['zsh'],
    find: () => findProgram('zsh'),
  },
  {
    name: 'fish',
    why: 'completion of commands is tried in it',
    variable: 'BYTENITE_TEST_FISH',
    debian: ['fish'],
    find: () => findProgram('fish'),
  },
  {
    name: 'what builds networks (ip, nft, slirp4netns)',
    why: 'attacks on the sandbox are tried in one',
    variable: 'BYTENITE_TEST_NETWORK_TOOLS',
    debian: ['iproute2', 'nftables', 'slirp4netns'],
    find: () => findPrograms(['ip', 'nft', 'slirp4netns']),
  },
  {
    name: 'libfaketime',
    why: 'the chaos suite sets the clock of a runner with it',
    variable: 'BYTENITE_TEST_FAKETIME',
    debian: ['libfaketime'],
    find: findFaketime,
  },
  {
    name: 'PostgreSQL',
    why: 'the store runs on it as on SQLite',
    variable: 'BYTENITE_TEST_POSTGRES',
    debian: ['postgresql'],
    // A server that the caller names is used as it is.
    find: async () => process.env['BYTENITE_TEST_POSTGRES'] ?? (await findPostgres()),
    start: startUnlessNamed,
  },
];

/** @param {string} found */
async function startUnlessNamed(found) {
  const variable = 'BYTENITE_TEST_POSTGRES';
  if (found.startsWith('postgres'))
    return { env: { [variable]: found }, stop: async () => undefined };
  const { url, bin, stop } = await step('Starting PostgreSQL', () => startPostgres(found));
  return { env: { [variable]: url, BYTENITE_TEST_POSTGRES_BIN: bin }, stop };
}

/**
 * Finds what tests need, installing Debian's packages where that is possible, and starts what has to run.
 *
 * @returns {Promise<{ env: Record<string, string>, missing: string[], stop: () => Promise<void> }>}
 */
export async function meetNeeds() {
  /** @type {Record<string, string>} */
  const env = {};
  /** @type {string[]} */
  const missing = [];
  /** @type {Started[]} */
  const started = [];
  for (const need of NEEDS) {
    const found = (await need.find()) ?? (await installAndFind(need));
    if (found === undefined) missing.push(`${need.name} is missing (${need.why})`);
    else if (need.start === undefined) env[need.variable] = found;
    else {
      const running = await need.start(found);
      started.push(running);
      Object.assign(env, running.env);
    }
  }
  const stop = async () => {
    for (const running of started) await running.stop();
  };
  return { env, missing, stop };
}

/** @param {Need} need */
async function installAndFind(need) {
  if (process.getuid?.() !== 0) return undefined;
  try {
    await step(`Installing ${need.debian.join(', ')} (apt-get)`, () => aptInstall(need.debian));
  } catch (error) {
    // Shown by the step; the caller says what is not tested without it.
    if (error instanceof CommandError) return undefined;
    throw error;
  }
  return need.find();
}

/** @param {string[]} packages */
async function aptInstall(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-q'], { env });
  await run('apt-get', ['install', '-qy', '--no-install-recommends', ...packages], { env });
}

// Debian's own comes first: its python3-requests is not seen by another python3 that lies earlier on the PATH.
async function findPythonWithRequests() {
  for (const python of ['/usr/bin/python3', 'python3']) {
    try {
      const found = await run(python, ['-c', 'import sys, requests; print(sys.executable)']);
      return found.trim();
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
    }
  }
  return undefined;
}

/** @param {string[]} names */
async function findPrograms(names) {
  const found = await Promise.all(names.map(findProgram));
  return found.includes(undefined) ? undefined : found.join(' ');
}

/** @param {string} name */
async function findProgram(name) {
  try {
    return (await run('sh', ['-c', 'command -v "$0"', name])).trim();
  } catch (error) {
    if (error instanceof CommandError) return undefined;
    throw error;
  }
}
