/** The random texts that stand for a caller. Only their hashes are stored. */
import { createHash, randomBytes } from 'node:crypto';

const BYTES = 32;

/** How long an access token lives, in seconds. */
export const TOKEN_SECONDS = 3600;

export function newSecret(): string {
  return randomBytes(BYTES).toString('base64url');
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** What is shown of a key to tell it from others. */
export function fingerprintOf(hash: string): string {
  return (hash.slice(0, 8).match(/../g) ?? []).join(':');
}
