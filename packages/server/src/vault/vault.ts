/**
 * Encryption at rest, in an envelope: a text is encrypted with its account's data key, and that one with
 * the master key, which is never in the database. A rotation encrypts the data keys anew, nothing else.
 */
import { randomBytes } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import pLimit from 'p-limit';
import type { Logger } from 'pino';
import {
  dataKeysOfOthers,
  findDataKey,
  insertDataKey,
  rewrapDataKeys,
} from '../store/data-keys.ts';
import { readMeta, writeMeta } from '../store/meta.ts';
import type { Db, Store } from '../store/store.ts';
import type { DataKeyRow } from '../store/tables.ts';
import { decrypt, encrypt } from './cipher.ts';
import { newMasterKey, type MasterKey, type MasterKeys } from './master-keys.ts';
import type { MasterKeySource } from './master-key-source.ts';

export interface Vault {
  /** Encrypts a text; it opens for this account and purpose only. Not inside a transaction. */
  seal: (account: string, purpose: string, text: string) => Promise<string>;
  /** Throws where the text was changed or sealed for another account or purpose. */
  open: (account: string, purpose: string, sealed: string) => Promise<string>;
  /** Makes a new master key, encrypts all data keys with it and forgets the old one. */
  rotate: () => Promise<void>;
}

/** Which master key the database was last brought to. */
const META_KEY = 'master-key';
const DATA_KEY_BYTES = 32;
const PER_ROUND = 200;
const KNOWN_KEYS = 10_000;

/** Opens the vault of a store; refuses master keys that cannot open what is stored there. */
export async function openVault(
  store: Store,
  source: MasterKeySource,
  logger: Logger,
): Promise<Vault> {
  const known = new LRUCache<string, Buffer>({ max: KNOWN_KEYS });
  /** A data key made while the master key changes would be left under the old one. */
  const inTurn = pLimit(1);
  const exclusive = <T>(act: () => Promise<T>) =>
    inTurn(() => (store.shared === null ? act() : store.shared.alone('vault', act)));
  // Alone: another server that rotates would change the keys between a look at them and their use.
  let keys = await exclusive(async () => settle(await readKeys(store, source)));

  /** Another server may have rotated the master key. */
  async function refresh(): Promise<void> {
    const current = await readMeta(store.db, META_KEY);
    if (current !== null && current !== keys[0].id) keys = await source.read(false);
  }

  /**
   * Brings every data key under the first master key; the keys that are needed from then on. May be cut off
   * anywhere and begun again.
   */
  async function settle(next: MasterKeys): Promise<MasterKeys> {
    const [current] = next;
    await rewrapAll(store, next);
    await writeMeta(store.db, META_KEY, current.id);
    if (next.length === 1 || source.write === undefined) return next;
    await source.write([current]);
    logger.info({ masterKeyId: current.id }, 'the master key was rotated');
    return [current];
  }

  async function keyOf(account: string): Promise<Buffer> {
    const remembered = known.get(account);
    if (remembered !== undefined) return remembered;
    const key = await exclusive(async () => {
      if (store.shared !== null) await refresh();
      const row =
        (await findDataKey(store.db, account)) ?? (await makeDataKey(store.db, account, keys[0]));
      return unwrap(keys, row);
    });
    known.set(account, key);
    return key;
  }

  return {
    async seal(account, purpose, text) {
      return encrypt(await keyOf(account), Buffer.from(text), purpose);
    },
    async open(account, purpose, sealed) {
      return decrypt(await keyOf(account), sealed, purpose).toString();
    },
    async rotate() {
      if (source.write === undefined) throw new MasterKeyFixed(source.name);
      const { write } = source;
      await exclusive(async () => {
        if (store.shared !== null) await refresh();
        const next: MasterKeys = [newMasterKey(), ...keys];
        await write(next);
        keys = next;
        keys = await settle(next);
      });
    },
  };
}

/** The keys of the source; refuses those that cannot open what the store holds. */
async function readKeys(store: Store, source: MasterKeySource): Promise<MasterKeys> {
  const expected = await readMeta(store.db, META_KEY);
  const keys = await source.read(expected === null);
  if (expected === null || keys.some(({ id }) => id === expected)) return keys;
  throw new Error(
    `${source.name} does not hold the master key that this database was encrypted with (${expected}); put it back, after the newer one where there is one`,
  );
}

/** The master key is the operator's own and cannot be replaced from here. */
export class MasterKeyFixed extends Error {
  constructor(name: string) {
    super(
      `the master key comes from ${name}: put a new key before the present one there, parted by a comma, and start again`,
    );
  }
}

async function makeDataKey(db: Db, account: string, master: MasterKey): Promise<DataKeyRow> {
  await insertDataKey(db, wrap(master, account, randomBytes(DATA_KEY_BYTES)));
  const row = await findDataKey(db, account);
  if (row === undefined) throw new Error(`the data key of account ${account} is gone`);
  return row;
}

async function rewrapAll(store: Store, keys: MasterKeys): Promise<void> {
  const [current] = keys;
  for (;;) {
    const rows = await dataKeysOfOthers(store.db, current.id, PER_ROUND);
    if (rows.length === 0) return;
    const rewrapped = rows.map((row) => wrap(current, row.account, unwrap(keys, row)));
    await store.transact((tx) => rewrapDataKeys(tx, rewrapped));
  }
}

function wrap(master: MasterKey, account: string, key: Buffer): DataKeyRow {
  return { account, master: master.id, wrapped: encrypt(master.key, key, purposeOf(account)) };
}

function unwrap(keys: MasterKeys, { account, master, wrapped }: DataKeyRow): Buffer {
  const found = keys.find(({ id }) => id === master);
  if (found === undefined)
    throw new Error(`no master key ${master}, which account ${account} needs`);
  return decrypt(found.key, wrapped, purposeOf(account));
}

function purposeOf(account: string): string {
  return `data key of ${account}`;
}
