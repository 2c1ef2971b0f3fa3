/** What administrators do with accounts. */
import {
  notFound,
  precondition,
  type ChangeUserInput,
  type CreateUserInput,
  type Pagination,
  type UsersQuery,
} from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import {
  deleteTokensOf,
  EMPTY_ACCOUNT_DOC,
  findAccount,
  firstAdmin,
  insertAccount,
  listAccounts,
  lockAccount,
  lockAdmins,
  updateAccount,
} from '../../store/accounts.ts';
import { parseLimits } from '../../store/queue.ts';
import { pageOf, paginationOf, sortRows, type SortKeys } from '../page.ts';
import { refuseSharedTierOfRunners } from '../shared-tier.ts';
import type { Account } from './account.ts';
import { forget } from './authenticate.ts';
import { requireAdmin } from './require-admin.ts';
import { refuseTakenName } from './user-name.ts';
import { userView, type UserView } from './user.ts';

export async function createUser(
  ctx: Context,
  admin: Account,
  input: CreateUserInput,
): Promise<UserView> {
  requireAdmin(admin);
  const doc = {
    ...EMPTY_ACCOUNT_DOC,
    email: input.email ?? '',
    displayName: input.displayName ?? '',
  };
  return ctx.store.transact(async (tx) => {
    await refuseTakenName(tx, input.userName);
    const row = await insertAccount(tx, {
      id: uuidv7(),
      user_name: input.userName,
      role: input.role ?? 'ROLE_USER',
      disabled: 0,
      doc: JSON.stringify(doc),
      created_at: ctx.now(),
      last_login_at: null,
    });
    await refuseSharedTierOfRunners(ctx, tx);
    return userView(ctx, row);
  });
}

export async function listUsers(
  ctx: Context,
  admin: Account,
  query: UsersQuery,
): Promise<{ pagination: Pagination; users: UserView[] }> {
  requireAdmin(admin);
  const name = query.userName?.toLowerCase();
  const users = (await listAccounts(ctx.store.db))
    .filter((row) => name === undefined || row.user_name.toLowerCase() === name)
    .map((row) => userView(ctx, row));
  // What can be sorted by lies partly inside documents, and a platform has few users.
  const sorted = sortRows(users, query.orderBy, SORT_KEYS);
  const page = pageOf(query);
  return {
    pagination: paginationOf(sorted.length, page),
    users: sorted.slice(page.offset, page.offset + page.limit),
  };
}

/** Scalar fields of a User that differ between users. */
const SORT_KEYS: SortKeys<UserView> = {
  createdAt: ({ row }) => row.created_at,
  id: ({ row }) => row.id,
  userName: ({ row }) => row.user_name,
  lastLogin: ({ row }) => row.last_login_at ?? 0,
  displayName: ({ doc }) => doc.displayName,
  email: ({ doc }) => doc.email,
  firstName: ({ doc }) => doc.firstName,
  lastName: ({ doc }) => doc.lastName,
  role: ({ row }) => row.role,
  disabled: ({ row }) => row.disabled,
  isOnboarded: ({ doc }) => Number(doc.isOnboarded),
};

/** Disables, enables, gives a role or limits. A disabled user's keys and tokens end at once; its jobs go on. */
export async function changeUser(
  ctx: Context,
  admin: Account,
  id: string,
  { disabled, role, limits, defaultLimits }: ChangeUserInput,
): Promise<UserView> {
  requireAdmin(admin);
  const user = await ctx.store.transact(async (tx) => {
    await lockAdmins(tx);
    const row = await lockAccount(tx, id);
    if (row === undefined) throw notFound('user');
    const changed = {
      disabled: disabled === undefined ? row.disabled : Number(disabled),
      role: role ?? row.role,
      limits: changedLimits(row.limits, limits, defaultLimits ?? false),
    };
    await updateAccount(tx, id, changed);
    if (changed.disabled !== 0) await deleteTokensOf(tx, id);
    if ((await firstAdmin(tx)) === undefined) {
      throw precondition(
        `${row.user_name} is the last enabled administrator: make another one first`,
      );
    }
    return userView(ctx, { ...row, ...changed });
  });
  forget(ctx.store);
  ctx.signals.notify('runnable');
  return user;
}

function changedLimits(
  known: string | null,
  input: ChangeUserInput['limits'],
  forgetKnown: boolean,
): string | null {
  const own = { ...(forgetKnown ? {} : parseLimits(known)), ...input };
  return Object.keys(own).length === 0 ? null : JSON.stringify(own);
}

/** The user of an id, for an administrator to act for. */
export async function findUser(
  ctx: Context,
  admin: Account,
  id: string,
): Promise<Pick<Account, 'id'>> {
  requireAdmin(admin);
  const row = await findAccount(ctx.store.db, id);
  if (row === undefined) throw notFound('user');
  return row;
}
