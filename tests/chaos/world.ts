/** A whole platform in which things go wrong: servers, runners, their links, a database, small disks. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { findPostgres, startPostgres, type Postgres } from '../../scripts/lib/postgres.js';
import { callUntilAnswered } from '../kill/calls.ts';
import { COMPONENTS } from '../kill/components.ts';
import { openDatabase, type Database } from '../kill/database.ts';
import { startSourceServer, type SourceServer } from '../kill/source-server.ts';
import { pushComponent } from '../support/components.ts';
import { flags, RUNNER, SERVER, startProgram, type Platform } from '../support/platform.ts';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts';
import { clockVariables, openClock } from './clock.ts';
import { openLink, type Link } from './link.ts';
import { TIMES, type Abilities } from './plan.ts';
import { Seat } from './seat.ts';

const RUNNERS = 3;
const SERVERS = 2;
const DISK_MIB = 192;
const CPUS = 2;
const GIB = 1024 ** 3;
/** As root: uids of this process alone, and of each runner. */
const UID_BASE = 300_000 + 64 * (process.pid % 4096);
const UIDS_PER_RUNNER = 16;

const ENVIRONMENT = {
  BYTENITE_LEASE_MS: String(TIMES.leaseMs),
  BYTENITE_GRACE_MS: String(TIMES.graceMs),
  BYTENITE_HEARTBEAT_MS: '400',
  BYTENITE_BACKOFF_BASE_MS: '300',
  BYTENITE_BACKOFF_CAP_MS: '1500',
  BYTENITE_DATABASE_CONNECT_MS: '3000',
  BYTENITE_DATABASE_STATEMENT_MS: '4000',
  // Here it is never a task that ends its runner.
  BYTENITE_ALONE_AFTER_LOSSES: '100',
  // Each stage lasts long enough to be hit.
  BYTENITE_FAILPOINTS:
    'step-claim=50-100,step-source=100,step-chunks=100,step-collect=50-150,step-deliver=50-150,' +
    'commit=150,committed=100,stage-in=50-150,run=50-200,stage-out=50-200,report=60',
};

export interface WorldOptions {
  db: 'sqlite' | 'postgres';
  /** Other builds, such as those with a planted bug. */
  serverProgram?: string;
  runnerProgram?: string;
  chance: () => number;
}

export interface World {
  options: WorldOptions;
  abilities: Abilities;
  dir: string;
  dataDir: string;
  /** Leads to one of the servers, in turn. */
  platform: Platform;
  database: Database;
  databaseUrl: string | null;
  postgres: Postgres | null;
  sources: SourceServer;
  servers: Seat[];
  runners: Seat[];
  /** One for each runner. */
  links: Link[];
  /** The first has the blobs, the second what runners work with. */
  disks: SmallDisk[];
  /** Holds the folders of the runners, by their names. */
  workDir: string;
  /** Seconds that one runner's clock is wrong. */
  setClock: (seconds: number) => Promise<void>;
  logs: () => Promise<string>;
  close: () => Promise<void>;
}

export async function openWorld(options: WorldOptions): Promise<World> {
  const closers: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const closer of closers.toReversed()) await closer().catch(() => undefined);
  };
  try {
    return await build(options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(
  options: WorldOptions,
  closers: (() => Promise<unknown>)[],
  close: () => Promise<void>,
): Promise<World> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-chaos-'));
  await chmod(dir, 0o711);
  closers.push(() => rm(dir, { recursive: true, force: true }));
  const postgres = options.db === 'postgres' ? await startOwnPostgres() : null;
  if (postgres !== null) closers.push(() => postgres.stop());
  const disks = [await mountSmallDisk(DISK_MIB), await mountSmallDisk(DISK_MIB)];
  for (const disk of disks) closers.push(() => disk.remove());
  const dataDir = path.join(disks[0]?.dir ?? dir, 'data');
  await mkdir(dataDir, { mode: 0o700 });
  const token = path.join(dataDir, 'runner-token');
  await writeFile(token, randomBytes(32).toString('hex'), { mode: 0o600 });

  const logFile = path.join(dir, 'log');
  const databaseUrl = postgres?.url ?? null;
  const env = { ...ENVIRONMENT, ...(databaseUrl !== null && { DATABASE_URL: databaseUrl }) };
  const servers: Seat[] = Array.from(
    { length: postgres === null ? 1 : SERVERS },
    (_, i) =>
      new Seat(`server ${i}`, () =>
        startProgram(
          options.serverProgram ?? SERVER,
          ['--data-dir', dataDir, '--port', String(servers[i]?.port ?? 0)],
          { env, logFile },
        ),
      ),
  );
  closers.push(async () => Promise.all(servers.map((seat) => seat.stop())));
  await Promise.all(servers.map((seat) => seat.up()));

  /** All servers, another one first each time. */
  const from = (first: number) =>
    servers.map((_, i) => servers[(first + i) % servers.length]?.port ?? 0);
  let calls = 0;
  const front = await openLink(() => from((calls += 1)), options.chance);
  closers.push(() => front.close());
  const links: Link[] = [];
  for (let i = 0; i < RUNNERS; i += 1) links.push(await openLink(() => from(i), options.chance));
  for (const link of links) closers.push(() => link.close());

  const faketime = await openClock();
  const clockFile = path.join(dir, 'clock');
  const setClock = (seconds: number) =>
    writeFile(clockFile, seconds < 0 ? `${seconds}\n` : `+${seconds}\n`);
  await setClock(0);
  const workDir = disks[1]?.dir ?? dir;
  const runners = links.map(
    (link, i) =>
      new Seat(`runner ${i}`, () =>
        startProgram(options.runnerProgram ?? RUNNER, runnerArgs(i, link.port, token, workDir), {
          env: {
            ...ENVIRONMENT,
            ...(i === RUNNERS - 1 && faketime !== null && clockVariables(faketime, clockFile)),
          },
          logFile,
        }),
      ),
  );
  closers.push(async () => Promise.all(runners.map((seat) => seat.stop())));
  await Promise.all(runners.map((seat) => seat.up()));

  const platform = await clientOf(dir, dataDir, front.port);
  const sources = await startSourceServer();
  closers.push(() => sources.close());
  const database = openDatabase(dataDir, databaseUrl ?? undefined);
  closers.push(() => database.close());
  for (const component of COMPONENTS) await pushComponent(platform, component);
  return {
    options,
    abilities: {
      servers: servers.length,
      runners: RUNNERS,
      database: postgres !== null,
      disks: disks.every(({ isMounted }) => isMounted),
      clock: faketime !== null,
    },
    dir,
    dataDir,
    platform,
    database,
    databaseUrl,
    postgres,
    sources,
    servers,
    runners,
    links,
    disks,
    workDir,
    setClock,
    logs: () => readFile(logFile, 'utf8').catch(() => ''),
    close,
  };
}

function runnerArgs(i: number, port: number, token: string, workDir: string): string[] {
  return flags({
    server: `http://127.0.0.1:${port}`,
    'token-file': token,
    'work-dir': path.join(workDir, `runner-${i}`),
    name: `runner-${i}`,
    cpus: CPUS,
    memory: CPUS * GIB,
    'uid-base': UID_BASE + i * UIDS_PER_RUNNER,
  });
}

async function startOwnPostgres(): Promise<Postgres> {
  const bin = await findPostgres();
  if (bin === undefined) throw new Error('PostgreSQL is not installed (Debian: postgresql)');
  return startPostgres(bin);
}

/** What clients of tests are given. */
async function clientOf(dir: string, dataDir: string, port: number): Promise<Platform> {
  const url = `http://127.0.0.1:${port}`;
  const apiKey = (await readFile(path.join(dataDir, 'api-key'), 'utf8')).trim();
  const client = {
    dir,
    dataDir,
    url,
    apiKey,
    async call<T>(method: string, route: string, body?: unknown): Promise<T> {
      return (await callUntilAnswered({ url, apiKey }, method, route, body)).body as T;
    },
  };
  return client as unknown as Platform;
}
