import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'kysely';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sqliteDialect } from '../store/sqlite.ts';
import { openStore, type Store } from '../store/store.ts';
import { openTestStore, POSTGRES_URL, takeDatabase } from '../testing/postgres.ts';
import { addAccount } from '../testing/rows.ts';
import { masterKeysOf, type MasterKeySource } from './master-key-source.ts';
import { formatMasterKeys, newMasterKey, parseMasterKeys } from './master-keys.ts';
import { MasterKeyFixed, openVault, type Vault } from './vault.ts';

let dir: string;
let file: string;
let store: Store;
let account: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'vault-'));
  file = path.join(dir, 'master-key');
  store = await openStore(sqliteDialect(path.join(dir, 'db')), 'sqlite');
  account = await addAccount(store);
});
afterEach(async () => {
  await store.close();
  await rm(dir, { recursive: true });
});

const logger = pino({ level: 'silent' });
const fromFile = () => masterKeysOf({ masterKey: null, masterKeyFile: file });
const fromText = (masterKey: string) => masterKeysOf({ masterKey, masterKeyFile: file });
const open = (source: MasterKeySource = fromFile()): Promise<Vault> =>
  openVault(store, source, logger);
const newKey = () => newMasterKey().key.toString('base64');

describe('a sealed text', () => {
  it('opens for its account and purpose, in this process and the next', async () => {
    const sealed = await (await open()).seal(account, 'secret a', 'très secret');
    expect(await (await open()).open(account, 'secret a', sealed)).toBe('très secret');
  });

  it('opens for no other account or purpose, and not when it was changed', async () => {
    const vault = await open();
    const other = await addAccount(store);
    const sealed = await vault.seal(account, 'secret a', 'x');
    await expect(vault.open(other, 'secret a', sealed)).rejects.toThrow('cannot be decrypted');
    await expect(vault.open(account, 'secret b', sealed)).rejects.toThrow('cannot be decrypted');
    const bytes = Buffer.from(sealed, 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(i) ^ 1, i);
      const opened = vault.open(account, 'secret a', changed.toString('base64url'));
      await expect(opened).rejects.toThrow('cannot be decrypted');
    }
    await expect(vault.open(account, 'secret a', '')).rejects.toThrow('cannot be decrypted');
  });

  it('is another one each time, and never holds its text', async () => {
    const vault = await open();
    const [first, second] = [
      await vault.seal(account, 'p', 'same text'),
      await vault.seal(account, 'p', 'same text'),
    ];
    expect(first).not.toBe(second);
    expect(Buffer.from(first ?? '', 'base64url').includes('same text')).toBe(false);
  });

  it('survives two first uses of an account at once', async () => {
    const vaults = [await open(), await open()];
    const sealed = await Promise.all(vaults.map((vault) => vault.seal(account, 'p', 'x')));
    for (const text of sealed) expect(await (await open()).open(account, 'p', text)).toBe('x');
  });
});

describe('the master key', () => {
  it('is made at the first start, for nobody else to read', async () => {
    await open();
    expect(parseMasterKeys(await readFile(file, 'utf8'), file)).toHaveLength(1);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('that is missing or another is refused, and nothing is made in its place', async () => {
    const sealed = await (await open()).seal(account, 'p', 'x');
    const kept = await readFile(file);
    await rm(file);
    await expect(open()).rejects.toThrow(`${file} is missing`);
    await expect(open(fromText(newKey()))).rejects.toThrow('does not hold the master key');
    await writeFile(file, formatMasterKeys([newMasterKey()]));
    await expect(open()).rejects.toThrow('does not hold the master key');
    await writeFile(file, kept);
    expect(await (await open()).open(account, 'p', sealed)).toBe('x');
  });

  it.each(['', 'short', 'a'.repeat(44), `${newKey()} wrong`])('is not %j', async (text) => {
    await expect(open(fromText(text))).rejects.toThrow('BYTENITE_MASTER_KEY');
  });

  it('may be hex, base64 or base64url', async () => {
    const { id, key } = newMasterKey();
    for (const encoding of ['hex', 'base64', 'base64url'] as const) {
      expect(parseMasterKeys(key.toString(encoding), 'test')[0].id).toBe(id);
    }
  });
});

describe.skipIf(POSTGRES_URL === undefined)('of several servers', () => {
  it('one that opens the vault while another has it looks at nothing before its turn', async () => {
    const database = await takeDatabase();
    const shared = await openTestStore(database.url);
    let reads = 0;
    const source = fromFile();
    const counted: MasterKeySource = {
      ...source,
      read: (isFirst) => {
        reads += 1;
        return source.read(isFirst);
      },
    };
    let opening: Promise<Vault> | undefined;
    await shared.shared?.alone('vault', async () => {
      opening = openVault(shared, counted, logger);
      await someoneWaits(shared);
      expect(reads).toBe(0);
    });
    await opening;
    expect(reads).toBe(1);
    await shared.close();
    await database.release();
  });
});

/** Until a connection of this database waits for a lock. */
async function someoneWaits(shared: Store): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const { rows } = await sql`
      select 1 from pg_locks where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`.execute(
      shared.db,
    );
    if (rows.length > 0) return;
    if (Date.now() > deadline) throw new Error('nobody waits for its turn');
  }
}

describe('a rotation', () => {
  it('of the file’s key leaves everything readable, and the old key useless', async () => {
    const vault = await open();
    const sealed = await vault.seal(account, 'p', 'x');
    const old = await readFile(file, 'utf8');
    await vault.rotate();
    const now = await readFile(file, 'utf8');
    expect(parseMasterKeys(now, file)).toHaveLength(1);
    expect(now).not.toBe(old);
    expect(await vault.open(account, 'p', sealed)).toBe('x');
    expect(await (await open()).open(account, 'p', sealed)).toBe('x');
    await expect(open(fromText(old))).rejects.toThrow('does not hold the master key');
  });

  it('that was cut off after any write is finished by the next start', async () => {
    const second = await addAccount(store);
    const vault = await open();
    const sealed = await vault.seal(account, 'p', 'x');
    const other = await vault.seal(second, 'p', 'y');
    const [old] = parseMasterKeys(await readFile(file, 'utf8'), file);
    const next = newMasterKey();
    await writeFile(file, formatMasterKeys([next, old]));
    const keys = await store.db.selectFrom('data_key').selectAll().execute();
    const wrapped = (await open()) && (await store.db.selectFrom('data_key').selectAll().execute());
    const cutOff = [keys, [wrapped[0], keys[1]], wrapped].flatMap((rows) => [
      { rows, master: old.id },
      { rows, master: next.id },
    ]);
    for (const { rows, master } of cutOff) {
      await writeFile(file, formatMasterKeys([next, old]));
      await store.db
        .updateTable('meta')
        .set({ value: master })
        .where('key', '=', 'master-key')
        .execute();
      for (const row of rows) {
        if (row)
          await store.db
            .updateTable('data_key')
            .set(row)
            .where('account', '=', row.account)
            .execute();
      }
      const started = await open();
      expect(await started.open(account, 'p', sealed)).toBe('x');
      expect(await started.open(second, 'p', other)).toBe('y');
    }
    expect(parseMasterKeys(await readFile(file, 'utf8'), file)).toEqual([next]);
    const rows = await store.db.selectFrom('data_key').select('master').execute();
    expect(rows).toEqual([{ master: next.id }, { master: next.id }]);
  });

  it('of the operator’s own key is a list of both, then the new one alone', async () => {
    const [first, second] = [newKey(), newKey()];
    const vault = await open(fromText(first));
    const sealed = await vault.seal(account, 'p', 'x');
    await expect(vault.rotate()).rejects.toThrow(MasterKeyFixed);
    await open(fromText(`${second},${first}`));
    expect(await (await open(fromText(second))).open(account, 'p', sealed)).toBe('x');
    await expect(open(fromText(first))).rejects.toThrow('does not hold the master key');
  });

  it('does not lose a key that is made meanwhile', async () => {
    const vault = await open();
    const accounts = [];
    for (let i = 0; i < 20; i++) accounts.push(await addAccount(store));
    const rotation = vault.rotate();
    const sealed = await Promise.all(accounts.map((id) => vault.seal(id, 'p', id)));
    await rotation;
    const next = await open();
    for (const [i, id] of accounts.entries()) {
      expect(await next.open(id, 'p', sealed[i] ?? '')).toBe(id);
    }
  });
});
