/** Makes things go wrong, and right again. */
import { open, rm, statfs, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../kill/random.ts';
import { FAIR, type Weather } from './link.ts';
import type { Fault } from './plan.ts';
import type { Seat } from './seat.ts';
import type { World } from './world.ts';

const PIECE_BYTES = 16 * 1024 ** 2;
/** The database's end that ends all sessions at once, and the one that leaves everything as it is. */
const ENDS = ['SIGINT', 'SIGQUIT'] as const;

/** Runs a plan; what happens to one thing happens in turn, the rest at once. */
export async function runFaults(
  world: World,
  plan: readonly Fault[],
  say: (what: string) => void,
): Promise<void> {
  const startedAt = performance.now();
  const turns = new Map<string, Promise<void>>();
  const all = plan.map((fault) => {
    const before = turns.get(thingOf(fault)) ?? Promise.resolve();
    const turn = before.then(async () => {
      await sleep(Math.max(0, startedAt + fault.atMs - performance.now()));
      say(`${fault.kind} ${fault.target} begins`);
      await apply(world, fault);
      say(`${fault.kind} ${fault.target} is over`);
    });
    turns.set(thingOf(fault), turn);
    return turn;
  });
  const failed = (await Promise.allSettled(all)).find(({ status }) => status === 'rejected');
  if (failed?.status === 'rejected') throw failed.reason;
}

/** Two faults of one thing would undo each other. */
function thingOf({ kind, target }: Fault): string {
  if (kind.endsWith('server')) return `server ${target}`;
  if (kind.endsWith('runner')) return `runner ${target}`;
  if (kind.endsWith('database')) return 'database';
  if (kind === 'full disk') return `disk ${target}`;
  return kind === 'clock jump' ? kind : `link ${target}`;
}

async function apply(world: World, fault: Fault): Promise<void> {
  const { kind, target, forMs, amount } = fault;
  switch (kind) {
    case 'kill server':
      return restart(world.servers[target], forMs);
    case 'kill runner':
      return restart(world.runners[target], forMs);
    case 'freeze server':
      return freeze(world.servers[target], forMs);
    case 'freeze runner':
      return freeze(world.runners[target], forMs);
    case 'restart database':
      await world.postgres?.end(ENDS[amount] ?? 'SIGINT');
      await sleep(forMs);
      return world.postgres?.start();
    case 'cut database':
      return cutDatabase(world, forMs);
    case 'full disk':
      return fillDisk(world.disks[target]?.dir ?? '', forMs);
    case 'clock jump':
      await world.setClock(amount);
      await sleep(forMs);
      return world.setClock(0);
    default:
      return changeWeather(world, fault);
  }
}

async function restart(seat: Seat | undefined, awayMs: number): Promise<void> {
  await seat?.kill();
  await sleep(awayMs);
  await seat?.up();
}

async function freeze(seat: Seat | undefined, ms: number): Promise<void> {
  seat?.freeze();
  await sleep(ms);
  seat?.thaw();
}

/** Ends the servers' connections, again and again. */
async function cutDatabase({ database }: World, ms: number): Promise<void> {
  const until = performance.now() + ms;
  do {
    await database
      .rows(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'bytenite' and pid <> pg_backend_pid()`,
      )
      // It may be away altogether.
      .catch(() => undefined);
    await sleep(100);
  } while (performance.now() < until);
}

/** Not a byte is left, for whoever writes. */
async function fillDisk(dir: string, ms: number): Promise<void> {
  const file = path.join(dir, 'ballast');
  const ballast = await open(file, 'w');
  try {
    await fill(ballast, dir);
    await sleep(ms);
  } finally {
    await ballast.close();
    await rm(file);
  }
}

async function fill(ballast: FileHandle, dir: string): Promise<void> {
  const { bavail, bsize } = await statfs(dir);
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let left = bavail * bsize; left > 0;) {
    try {
      left -= (await ballast.write(piece, 0, Math.min(piece.length, left))).bytesWritten;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') return;
      throw error;
    }
  }
}

async function changeWeather(world: World, { kind, target, forMs, amount }: Fault): Promise<void> {
  const link = world.links[target];
  link?.change({ ...FAIR, ...weatherOf(kind, amount) });
  await sleep(forMs);
  link?.change(FAIR);
}

function weatherOf(kind: Fault['kind'], amount: number): Partial<Weather> {
  switch (kind) {
    case 'slow reports':
      return { delayMs: amount / 2 };
    case 'repeated reports':
      return { againAfterMs: amount };
    case 'lost replies':
      return { lostReplies: 0.5 };
    case 'cut calls':
      return { calls: 'cut' };
    case 'cut blobs':
      return { blobs: 'cut' };
    case 'held calls':
      return { calls: 'held' };
    default:
      return {};
  }
}

/** Whatever a plan left behind: everything is as it should be afterwards. */
export async function heal(world: World): Promise<void> {
  for (const link of world.links) link.change(FAIR);
  for (const seat of [...world.servers, ...world.runners]) seat.thaw();
  await world.setClock(0);
}

/** Another chance for each kind of choice. */
export function chanceOf(random: Random): () => number {
  return () => random.next();
}
