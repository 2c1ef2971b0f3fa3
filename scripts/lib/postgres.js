/** A PostgreSQL of our own for tests and benches: in a temporary folder, on loopback, gone afterwards. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError, run } from './run.js';

/**
 * @typedef {{
 *   url: string,
 *   bin: string,
 *   end: (signal: NodeJS.Signals) => Promise<void>,
 *   start: () => Promise<void>,
 *   stop: () => Promise<void>,
 * }} Postgres
 *   `url` is of a superuser. `end` and `start` are for those who want it away for a while.
 * @typedef {{ uid?: number, gid?: number }} Owner
 */

const DEBIAN_FOLDER = '/usr/lib/postgresql';
const START_MS = 60_000;
const USER = 'bytenite';

/**
 * The folder of the newest server that Debian's packages brought; undefined without one.
 *
 * @returns {Promise<string | undefined>}
 */
export async function findPostgres() {
  const versions = await readdir(DEBIAN_FOLDER).catch(() => []);
  const newest = versions
    .map(Number)
    .filter(Number.isInteger)
    .toSorted((a, b) => b - a)[0];
  return newest === undefined ? undefined : path.join(DEBIAN_FOLDER, String(newest), 'bin');
}

/**
 * Starts a cluster. Unless it is `durable` it forgets what it wrote when the power goes, not when it is killed.
 *
 * @param {string} bin
 * @param {{ durable?: boolean }} [options]
 * @returns {Promise<Postgres>}
 */
export async function startPostgres(bin, { durable = false } = {}) {
  const owner = await ownerOfCluster();
  const dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-postgres-'));
  if (owner.uid !== undefined) await chown(dir, owner.uid, owner.gid ?? 0);
  const password = randomBytes(16).toString('hex');
  const data = path.join(dir, 'data');
  await initialize(bin, dir, data, password, owner);
  const port = await freePort();
  const args = serverArgs(data, dir, port, durable);
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let server;
  const start = async () => {
    server = spawn(path.join(bin, 'postgres'), args, { stdio: 'ignore', cwd: dir, ...owner });
    await answering(bin, port, server);
  };
  /** @param {NodeJS.Signals} signal */
  const end = async (signal) => server && ended(server, signal);
  const stop = async () => {
    await end('SIGINT');
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  const url = `postgres://${USER}:${password}@127.0.0.1:${port}/postgres`;
  return { url, bin, end, start, stop };
}

/**
 * PostgreSQL refuses to run as root; Debian's packages have made a user for it.
 *
 * @returns {Promise<Owner>}
 */
async function ownerOfCluster() {
  if (process.getuid?.() !== 0) return {};
  const uid = Number(await run('id', ['-u', 'postgres']));
  const gid = Number(await run('id', ['-g', 'postgres']));
  return { uid, gid };
}

/**
 * @param {string} bin
 * @param {string} dir
 * @param {string} data
 * @param {string} password
 * @param {Owner} owner
 */
async function initialize(bin, dir, data, password, owner) {
  const passwordFile = path.join(dir, 'password');
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (owner.uid !== undefined) await chown(passwordFile, owner.uid, owner.gid ?? 0);
  // A locale in whose order the store must not sort.
  const locale = ['--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
  const flags = ['--auth=scram-sha-256', '--encoding=UTF8', ...locale, '--no-sync'];
  const args = ['-D', data, '-U', USER, `--pwfile=${passwordFile}`, ...flags];
  await run(path.join(bin, 'initdb'), args, { cwd: dir, ...owner });
}

/**
 * @param {string} data
 * @param {string} dir
 * @param {number} port
 * @param {boolean} durable
 */
function serverArgs(data, dir, port, durable) {
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: dir,
    max_connections: 200,
    shared_buffers: '128MB',
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return [
    '-D',
    data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/**
 * @param {string} bin
 * @param {number} port
 * @param {import('node:child_process').ChildProcess} server
 */
async function answering(bin, port, server) {
  const deadline = Date.now() + START_MS;
  for (;;) {
    try {
      await run(path.join(bin, 'pg_isready'), ['-q', '-h', '127.0.0.1', '-p', String(port)]);
      return;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      if (server.exitCode !== null)
        throw new Error(`PostgreSQL ended with ${server.exitCode}`, { cause: error });
      if (Date.now() > deadline) throw new Error('PostgreSQL does not answer', { cause: error });
      await sleep(50);
    }
  }
}

/**
 * SIGINT is its fast shutdown, which ends all sessions; SIGQUIT the one that leaves everything as it is.
 *
 * @param {import('node:child_process').ChildProcess} server
 * @param {NodeJS.Signals} signal
 * @returns {Promise<void>}
 */
function ended(server, signal) {
  return new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode !== null) return resolve();
    server.once('exit', () => resolve());
    server.kill(signal);
  });
}
