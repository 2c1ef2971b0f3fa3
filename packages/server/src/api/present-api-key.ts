import type { ApiKey } from '@bytenite/contract';
import type { NewApiKey } from '../engine/auth/api-keys.ts';
import { timestampOf } from './time.ts';

export function presentApiKey(row: NewApiKey['row']): ApiKey {
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
