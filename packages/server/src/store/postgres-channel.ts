/** Messages between the servers of one database. They may be lost: the tables are the truth. */
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { Client, type ClientConfig } from 'pg';
import type { Db } from './store.ts';

const CHANNEL = 'bytenite';
const RECONNECT_MS = 1000;

export async function announce(db: Db, message: string): Promise<void> {
  await sql`select pg_notify(${CHANNEL}, ${message})`.execute(db);
}

/** Listens on a connection of its own, and on a new one when that is lost. */
export async function listen(
  config: ClientConfig,
  hear: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await listenOnce(config, hear, signal).catch(() => undefined);
    await sleep(RECONNECT_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function listenOnce(
  config: ClientConfig,
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
    // What was announced while nobody listened is not known.
    hear('');
    await ended;
  } finally {
    // One is made at each reconnect, and the signal lives as long as the server.
    signal.removeEventListener('abort', end);
    await client.end().catch(() => undefined);
  }
}
