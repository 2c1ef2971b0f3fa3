import { hash } from 'node:crypto';
import { invalid, SERVICES } from '@bytenite/contract';
import type { OnceKey } from '../engine/once.ts';
import type { Operation } from './route-table.ts';

const HEADER = 'idempotency-key';
const MAX_LENGTH = 255;

export interface KeyedRequest {
  headers: Headers;
  account: { id: string } | null;
  params: Record<string, string>;
  body: string;
}

/** The key of a call that has its effect once; null where the caller gives none. */
export function onceKeyOf(
  { service, route }: Operation,
  { headers, account, params, body }: KeyedRequest,
): OnceKey | null {
  const key = headers.get(HEADER);
  if (route.idempotent !== true || key === null || account === null) return null;
  if (key === '' || key.length > MAX_LENGTH) {
    throw invalid(`the Idempotency-Key must have 1 to ${MAX_LENGTH} characters, not ${key.length}`);
  }
  // One path for all spellings of a call, so that an alias is the same call.
  const filled = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '');
  const path = SERVICES[service].bases[0] + filled;
  return { account: account.id, path, key, bodyHash: hash('sha256', body, 'base64url') };
}
