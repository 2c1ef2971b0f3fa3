import { notFound, type UpdateUserInput } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import {
  accountDocOf,
  findAccount,
  lockAccount,
  updateAccount,
  type AccountDoc,
} from '../../store/accounts.ts';
import { limitsOf, type Limits } from '../../domain/limits.ts';
import { parseLimits } from '../../store/queue.ts';
import type { Db } from '../../store/store.ts';
import type { AccountRow } from '../../store/tables.ts';
import type { Account } from './account.ts';
import { forget } from './authenticate.ts';
import { refuseTakenName } from './user-name.ts';

export interface UserView {
  row: AccountRow;
  doc: AccountDoc;
  /** What holds for the user, its own or of all. */
  limits: Limits;
}

export async function getUser(ctx: Context, account: Account): Promise<UserView> {
  return viewUser(ctx, ctx.store.db, account.id);
}

/** Changes the fields that are present; `contactInfo` by its fields, everything else whole. */
export async function updateUser(
  ctx: Context,
  account: Account,
  input: UpdateUserInput,
): Promise<UserView> {
  const user = await ctx.store.transact(async (tx) => {
    await lockAccount(tx, account.id);
    const { row, doc } = await viewUser(ctx, tx, account.id);
    const userName = input.userName ?? row.user_name;
    await refuseTakenName(tx, userName, account.id);
    const changed = JSON.stringify(changeDoc(doc, input));
    await updateAccount(tx, account.id, { user_name: userName, doc: changed });
    return viewUser(ctx, tx, account.id);
  });
  forget(ctx.store);
  return user;
}

async function viewUser(ctx: Context, db: Db, id: string): Promise<UserView> {
  const row = await findAccount(db, id);
  if (row === undefined) throw notFound('user');
  return userView(ctx, row);
}

export function userView(ctx: Context, row: AccountRow): UserView {
  const limits = limitsOf(parseLimits(row.limits), ctx.config.userLimits);
  return { row, doc: accountDocOf(row), limits };
}

function changeDoc(doc: AccountDoc, input: UpdateUserInput): AccountDoc {
  return {
    ...doc,
    displayName: input.displayName ?? doc.displayName,
    firstName: input.firstName ?? doc.firstName,
    lastName: input.lastName ?? doc.lastName,
    contactInfo: { ...doc.contactInfo, ...input.contactInfo },
    isOnboarded: input.isOnboarded ?? doc.isOnboarded,
    settings: input.settings?.text ?? doc.settings,
    onboardingInfo:
      input.onboardingInfo?.map(({ step, answer }) => ({ step, answer: answer.text })) ??
      doc.onboardingInfo,
  };
}
