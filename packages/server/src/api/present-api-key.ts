import type { ApiKey } from '@bytenite/contract';
import type { ApiKeyRow } from '../store/tables.ts';
import { timestampOf } from './time.ts';

export function presentApiKey(row: ApiKeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    issuedAt: timestampOf(row.issued_at),
    expiresAt: timestampOf(row.expires_at),
    userId: row.account,
    revoked: row.revoked_at !== null,
    fingerprint: row.fingerprint,
    lastUsedAt: timestampOf(row.last_used_at),
  };
}
