/**
 * The keys that encrypt all others. They come as a list: the first encrypts, the others only open what
 * was encrypted before a rotation.
 */
import { createHash, randomBytes } from 'node:crypto';

const KEY_BYTES = 32;
const HEX = /^[0-9a-f]{64}$/i;

export interface MasterKey {
  /** Tells keys apart without telling what they are. */
  id: string;
  key: Buffer;
}

export type MasterKeys = readonly [current: MasterKey, ...earlier: MasterKey[]];

/** Reads keys parted by spaces, lines or commas: 32 bytes each, in base64, base64url or hex. */
export function parseMasterKeys(text: string, source: string): MasterKeys {
  const keys = text
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .map((word) => parseKey(word, source));
  const [current, ...earlier] = keys;
  if (current === undefined) throw new Error(`${source} holds no master key`);
  return [current, ...earlier];
}

export function newMasterKey(): MasterKey {
  return withId(randomBytes(KEY_BYTES));
}

export function formatMasterKeys(keys: MasterKeys): string {
  return keys.map(({ key }) => `${key.toString('base64')}\n`).join('');
}

function parseKey(word: string, source: string): MasterKey {
  const key = Buffer.from(word, HEX.test(word) ? 'hex' : 'base64');
  if (key.byteLength === KEY_BYTES) return withId(key);
  throw new Error(
    `${source} must hold keys of ${KEY_BYTES} bytes in base64 or hex, one was ${key.byteLength} bytes; make one with: openssl rand -base64 ${KEY_BYTES}`,
  );
}

function withId(key: Buffer): MasterKey {
  const id = createHash('sha256').update('bytenite master key\0').update(key).digest('hex');
  return { id: id.slice(0, 16), key };
}
