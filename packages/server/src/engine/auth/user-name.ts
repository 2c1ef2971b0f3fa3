import { ApiError } from '@bytenite/contract';
import { findAccountByName } from '../../store/accounts.ts';
import type { Tx } from '../../store/store.ts';

/** Names that differ in case only are the same name. */
export async function refuseTakenName(tx: Tx, userName: string, by?: string): Promise<void> {
  const holder = await findAccountByName(tx, userName);
  if (holder === undefined || holder.id === by) return;
  throw new ApiError('ALREADY_EXISTS', `userName ${userName} is taken`);
}
