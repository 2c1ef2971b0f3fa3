/** Messages between the servers of one database. They may be lost: the tables are the truth. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { Client, type ClientConfig } from 'pg';
import type { Db } from './store.ts';

const CHANNEL = 'bytenite';
/** First of the two numbers of the locks that servers hold while they listen; all programs on a database share them. */
const PRESENCE = 724_617_301;
const RECONNECT_MS = 1000;

export async function announce(db: Db, message: string): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${message})`.execute(db);
}

/** The servers that listen. Whoever is killed is not among them once the database has seen its connection end. */
export async function present(db: Db): Promise<ReadonlySet<number>> {
  const { rows } = await sql<{ self: number }>`
    select cast(objid as bigint) as self from pg_locks
    where locktype = 'advisory' and classid = ${sql.lit(PRESENCE)} and objsubid = 2 and granted
      and database = (select oid from pg_database where datname = current_database())`.execute(db);
  return new Set(rows.map(({ self }) => self));
}

/** Listens on a connection of its own, and on a new one when that is lost. */
export async function listen(
  config: ClientConfig,
  self: number,
  hear: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await listenOnce(config, self, hear, signal).catch(() => undefined);
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function listenOnce(
  config: ClientConfig,
  self: number,
  hear: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const client = new Client(config);
  let end: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  client.once('end', end);
  client.on('error', end);
  signal.addEventListener('abort', end, { once: true });
  client.on('notification', ({ payload }) => hear(payload ?? ''));
  try {
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    // Shared, so that one of a connection that was cut and is not known to be does not keep it waiting.
    await client.query('select pg_advisory_lock_shared($1, $2)', [PRESENCE, self]);
    // What was announced while nobody listened is not known.
    hear('');
    await ended;
  } finally {
    // One is made at each reconnect, and the signal lives as long as the server.
    signal.removeEventListener('abort', end);
    await client.end().catch(() => undefined);
  }
}
