import path from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import { readPrivateFile, writePrivateFile } from '../../private-file.ts';
import {
  EMPTY_ACCOUNT_DOC,
  findKeyHolder,
  firstAdmin,
  insertAccount,
} from '../../store/accounts.ts';
import { insertApiKey, isKnownKey, reviveApiKey } from '../../store/api-keys.ts';
import type { Tx } from '../../store/store.ts';
import type { AccountRow } from '../../store/tables.ts';
import { forget } from './authenticate.ts';
import { fingerprintOf, hashOf, newSecret } from './tokens.ts';

export interface FirstUser {
  /** The account was made just now. */
  created: boolean;
  /** A key that was made just now, to be shown once. */
  apiKey?: string;
}

const USER_NAME = 'admin';
const FILE_NAME = 'api-key';
/** The operator's own key, in the operator's own folder: it does not end by itself. */
const NEVER = Date.UTC(9999, 11, 31);

/**
 * Makes sure that there is an administrator, and that the key in `<data-dir>/api-key` is theirs. The file is
 * written before the row: a key that a crash left unknown is taken up at the next start.
 */
export async function ensureFirstUser(ctx: Context, presetKey: string | null): Promise<FirstUser> {
  const preset = presetKey?.trim() ?? '';
  const file = path.join(ctx.config.dataDir, FILE_NAME);
  const kept = (await readPrivateFile(file))?.trim() ?? '';
  const isNew = preset === '' && !(await isUsable(ctx, kept));
  const key = preset !== '' ? preset : isNew ? newSecret() : kept;
  if (key !== kept) await writePrivateFile(file, `${key}\n`);
  const created = await ctx.store.transact(async (tx) => {
    const known = await firstAdmin(tx);
    const account = known ?? (await insertFirstAccount(tx, ctx.now()));
    await acceptKey(tx, account, key, ctx.now());
    return known === undefined;
  });
  forget(ctx.store);
  return isNew ? { created, apiKey: key } : { created };
}

/** False for a key that was revoked; a key nobody knows is one whose row was never written. */
async function isUsable(ctx: Context, key: string): Promise<boolean> {
  if (key === '') return false;
  const hash = hashOf(key);
  if (!(await isKnownKey(ctx.store.db, hash))) return true;
  return (await findKeyHolder(ctx.store.db, hash, ctx.now())) !== undefined;
}

async function insertFirstAccount(tx: Tx, now: number): Promise<AccountRow> {
  return insertAccount(tx, {
    id: uuidv7(),
    user_name: USER_NAME,
    role: 'ROLE_ADMIN',
    disabled: 0,
    doc: JSON.stringify(EMPTY_ACCOUNT_DOC),
    created_at: now,
    last_login_at: null,
  });
}

async function acceptKey(tx: Tx, account: AccountRow, key: string, now: number): Promise<void> {
  const hash = hashOf(key);
  if (await isKnownKey(tx, hash)) {
    await reviveApiKey(tx, hash, NEVER);
    return;
  }
  await insertApiKey(tx, {
    id: uuidv7(),
    account: account.id,
    name: FILE_NAME,
    hash,
    fingerprint: fingerprintOf(hash),
    issued_at: now,
    expires_at: NEVER,
    revoked_at: null,
    last_used_at: null,
  });
}
