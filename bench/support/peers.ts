/** Queues that others have built, doing what is comparable: enqueue, claim and complete as many jobs. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { startPostgres } from '../../scripts/lib/postgres.js';
import { startRedis } from '../../scripts/lib/redis.js';
import { progress } from './report.ts';

const FOLDER = path.resolve(import.meta.dirname, '../peers');
const INSTALL_MS = 300_000;
const RUN_MS = 600_000;
const exec = promisify(execFile);

/** Tasks a second of each round. */
export type PeerRounds = Record<'graphile-worker' | 'BullMQ', number[]>;

/** Each on a database of its own that forgets nothing; without rounds where its database is missing. */
export async function measurePeers(
  postgresBin: string | undefined,
  { rounds, tasks }: { rounds: number; tasks: number },
): Promise<PeerRounds> {
  await install();
  const measured: PeerRounds = { 'graphile-worker': [], BullMQ: [] };
  for (let i = 0; i < rounds; i++) {
    if (postgresBin !== undefined)
      measured['graphile-worker'].push(await onPostgres(postgresBin, tasks));
    const bull = await onRedis(tasks);
    if (bull !== null) measured.BullMQ.push(bull);
  }
  for (const [name, figures] of Object.entries(measured)) {
    progress(`${name}: ${figures.map(Math.round).join(', ') || 'not measured'} tasks/s`);
  }
  return measured;
}

async function install(): Promise<void> {
  const isThere = access(path.join(FOLDER, 'node_modules/bullmq')).then(
    () => true,
    () => false,
  );
  if (await isThere) return;
  progress('Installing what dispatch is compared with');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  await exec('npm', args, { cwd: FOLDER, timeout: INSTALL_MS });
}

async function onPostgres(bin: string, tasks: number): Promise<number> {
  const { url, stop } = await startPostgres(bin, { durable: true });
  try {
    return await tasksPerSecond('graphile-worker.js', url, tasks);
  } finally {
    await stop();
  }
}

async function onRedis(tasks: number): Promise<number | null> {
  const redis = await startRedis();
  if (redis === undefined) return null;
  try {
    return await tasksPerSecond('bullmq.js', redis.socket, tasks);
  } finally {
    await redis.stop();
  }
}

async function tasksPerSecond(program: string, address: string, tasks: number): Promise<number> {
  const args = [program, address, String(tasks)];
  const { stdout } = await exec(process.execPath, args, { cwd: FOLDER, timeout: RUN_MS });
  // Its own log lines come before.
  const { seconds } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { seconds: number };
  return tasks / seconds;
}
