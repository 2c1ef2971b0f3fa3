/** Starts a bytenite platform as a process of its own, for the quickstart. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from './progress.js';
import { root } from './run.js';

export const CLI = path.join(root, 'packages/cli/bin/bytenite.js');

const DEFAULT_PORT = 4280;
const READY_MS = 30_000;
const POLL_MS = 50;
const STOP_MS = 10_000;

/** @typedef {{ url: string, pid: number, env: NodeJS.ProcessEnv, stop: () => Promise<void> }} Platform */

/**
 * Starts a platform and waits until it is ready. It writes to `up.log` in its data directory, and
 * outlives this process unless it is stopped.
 *
 * @param {{ dataDir: string, port?: number, signal: AbortSignal }} options
 * @returns {Promise<Platform>}
 */
export async function startPlatform({ dataDir, port, signal }) {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const logFile = path.join(dataDir, 'up.log');
  const listenPort = port ?? (await freePort());
  const child = await spawnUp(dataDir, listenPort, logFile);
  const url = `http://127.0.0.1:${listenPort}`;
  try {
    await ready(url, child, signal);
  } catch (error) {
    await stop(child);
    if (signal.aborted) throw error;
    const log = await readFile(logFile, 'utf8').catch(() => '');
    const reason = error instanceof Error ? error.message : String(error);
    throw new UserError(`${reason}\n${log.trimEnd().split('\n').slice(-20).join('\n')}`);
  }
  const key = (await readFile(path.join(dataDir, 'api-key'), 'utf8')).trim();
  const env = { ...process.env, BYTENITE_API_URL: url, BYTENITE_API_KEY: key };
  return { url, pid: Number(child.pid), env, stop: () => stop(child) };
}

/**
 * @param {string} dataDir
 * @param {number} port
 * @param {string} logFile
 */
async function spawnUp(dataDir, port, logFile) {
  // A key or address in the user's own environment is about another platform.
  const { BYTENITE_API_KEY: _key, BYTENITE_API_URL: _url, ...env } = process.env;
  const log = await open(logFile, 'w', 0o600);
  try {
    const args = [CLI, 'up', '--port', String(port), '--data-dir', dataDir];
    // A process group of its own: Ctrl-C reaches this script alone, which then stops the platform.
    const child = spawn(process.execPath, args, {
      cwd: root,
      env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

/**
 * @param {string} url
 * @param {import('node:child_process').ChildProcess} child
 * @param {AbortSignal} signal
 */
async function ready(url, child, signal) {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    if (hasEnded(child)) throw new Error('The platform did not start:');
    const answer = await fetch(`${url}/readyz`, { signal }).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(POLL_MS, undefined, { signal });
  }
  throw new Error(`The platform was not ready after ${READY_MS / 1000} s:`);
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (hasEnded(child)) return;
  child.ref();
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const first = await Promise.race([ended, sleep(STOP_MS, 'late', { ref: false })]);
  if (first !== 'late') return;
  process.kill(-Number(child.pid), 'SIGKILL');
  await ended;
}

/** @param {import('node:child_process').ChildProcess} child */
function hasEnded(child) {
  return child.exitCode !== null || child.signalCode !== null;
}

/** The usual port if nobody has it, else any free one. */
async function freePort() {
  return (await tryPort(DEFAULT_PORT)) ?? (await tryPort(0)) ?? DEFAULT_PORT;
}

/**
 * @param {number} port
 * @returns {Promise<number | undefined>}
 */
async function tryPort(port) {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' ? address?.port : undefined;
  } catch {
    return undefined;
  } finally {
    server.close();
  }
}
