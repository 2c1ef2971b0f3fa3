/** A Redis of our own for benches: in a temporary folder, on a socket there, gone afterwards. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PROGRAM = '/usr/bin/redis-server';
const START_MS = 30_000;

/**
 * Starts one that forgets nothing that it has acknowledged; undefined where Debian's package redis-server is missing.
 *
 * @returns {Promise<{ socket: string, stop: () => Promise<void> } | undefined>}
 */
export async function startRedis() {
  if (!(await exists(PROGRAM))) return undefined;
  const dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-redis-'));
  const socket = path.join(dir, 'socket');
  const place = ['--port', '0', '--unixsocket', socket, '--dir', dir];
  const durable = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
  const server = spawn(PROGRAM, [...place, ...durable], { stdio: 'ignore' });
  const closed = once(server, 'close');
  const stop = async () => {
    server.kill('SIGKILL');
    await closed;
    await rm(dir, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_MS;
  while (!(await exists(socket))) {
    if (server.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error('Redis does not start');
    }
    await sleep(20);
  }
  return { socket, stop };
}

/** @param {string} file */
function exists(file) {
  return access(file).then(
    () => true,
    () => false,
  );
}
