import {
  invalid,
  notFound,
  precondition,
  SECRET_TYPES,
  secretTypeOf,
  type ApiError,
  type CreateSecretInput,
  type RawJson,
  type SecretType,
} from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import {
  countSecrets,
  deleteSecret,
  findSecrets,
  listSecrets,
  saveSecret,
} from '../../store/secrets.ts';
import type { SecretRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { openContent, sealContent, type SecretContent } from './secret-content.ts';

/** A list is one reply. */
const MAX_SECRETS = 1000;

export interface SecretView {
  row: SecretRow;
  content: SecretContent;
}

/** Creates a secret, or replaces the one of that id; gives the id, which is made when none is given. */
export async function createSecret(
  ctx: Context,
  account: Account,
  { secret, secretKey }: CreateSecretInput,
): Promise<string> {
  const type = typeOf(secret.secretType, 'secret.secretType');
  const accessKey = secret.accessKey ?? '';
  if (accessKey === '' && type !== 'other') {
    throw fieldError('secret.accessKey', `is required for a secret of type ${type}`);
  }
  const params = secret.params?.text ?? '{}';
  checkParams(secret.params);
  const id = secret.id || uuidv7();
  await checkRoom(ctx, account.id, id);
  await saveSecret(ctx.store.db, {
    account: account.id,
    id,
    type,
    name: secret.name ?? '',
    sealed: await sealContent(ctx, account.id, id, { accessKey, secretKey, params }),
    expires_at: secret.expiresAt === undefined ? null : Date.parse(secret.expiresAt),
    updated_at: ctx.now(),
  });
  return id;
}

export async function viewSecrets(
  ctx: Context,
  account: Account,
  secretType: string | undefined,
): Promise<SecretView[]> {
  const type = secretType ? typeOf(secretType, 'secretType') : undefined;
  const rows = await listSecrets(ctx.store.db, account.id, type);
  return Promise.all(rows.map(async (row) => ({ row, content: await openContent(ctx, row) })));
}

export async function removeSecret(
  ctx: Context,
  account: Account,
  secretType: string,
  id: string,
): Promise<void> {
  const type = secretTypeOf(secretType);
  const isGone =
    type !== undefined && (await deleteSecret(ctx.store.db, { account: account.id, type, id }));
  if (!isGone) throw notFound('secret');
}

function typeOf(text: string, field: string): SecretType {
  const type = secretTypeOf(text);
  if (type !== undefined) return type;
  throw fieldError(field, `must be one of ${Object.keys(SECRET_TYPES).join(', ')}`);
}

function checkParams(params: RawJson | undefined): void {
  const values = Object.values(params === undefined ? {} : (params.parse() as object));
  if (values.every((value) => typeof value === 'string')) return;
  throw fieldError('secret.params', 'must hold texts only');
}

async function checkRoom(ctx: Context, account: string, id: string): Promise<void> {
  if ((await findSecrets(ctx.store.db, account, [id])).length > 0) return;
  if ((await countSecrets(ctx.store.db, account)) < MAX_SECRETS) return;
  throw precondition(`an account has at most ${MAX_SECRETS} secrets`);
}

function fieldError(field: string, description: string): ApiError {
  return invalid(`${field} ${description}`, [{ field, description }]);
}
