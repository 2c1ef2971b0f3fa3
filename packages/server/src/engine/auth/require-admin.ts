import { ApiError } from '@bytenite/contract';
import type { Account } from './account.ts';

/** Throws 403 for anybody but an administrator. */
export function requireAdmin(account: Account): void {
  if (account.role === 'ROLE_ADMIN') return;
  throw new ApiError('PERMISSION_DENIED', 'this needs an administrator (ROLE_ADMIN)');
}
