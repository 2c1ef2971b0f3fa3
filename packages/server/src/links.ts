/**
 * Signed links: whoever holds one may do exactly what it names, without a token, until it ends. The
 * signature holds the end, so a link is nothing but a path and `?sig=`.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { readOrCreateMeta } from './store/meta.ts';
import type { Db } from './store/store.ts';

export const LINK_PURPOSES = ['upload', 'result', 'package', 'cache', 'cache listing'] as const;
export type LinkPurpose = (typeof LINK_PURPOSES)[number];

export interface LinkSigner {
  /** Signature of one subject (what the link's path names), valid until `expiresAt`. */
  sign: (purpose: LinkPurpose, subject: string, expiresAt: number) => string;
  verify: (purpose: LinkPurpose, subject: string, signature: string, now: number) => boolean;
}

const KEY_BYTES = 32;
const META_KEY = 'link-key';

/** The signer of this installation; its key is made at the first start. */
export async function openLinkSigner(db: Db): Promise<LinkSigner> {
  const key = await readOrCreateMeta(db, META_KEY, () => randomBytes(KEY_BYTES).toString('hex'));
  return createLinkSigner(Buffer.from(key, 'hex'));
}

export function createLinkSigner(key: Buffer): LinkSigner {
  const mac = (purpose: string, subject: string, end: string): Buffer =>
    createHmac('sha256', key)
      .update(JSON.stringify([purpose, subject, end]))
      .digest();
  return {
    sign(purpose, subject, expiresAt) {
      const end = Math.floor(expiresAt).toString(36);
      return `${end}.${mac(purpose, subject, end).toString('base64url')}`;
    },
    verify(purpose, subject, signature, now) {
      const [end = '', given = '', ...rest] = signature.split('.');
      if (rest.length > 0) return false;
      const wanted = mac(purpose, subject, end);
      const actual = Buffer.from(given, 'base64url');
      if (actual.byteLength !== wanted.byteLength || !timingSafeEqual(actual, wanted)) return false;
      return Number.parseInt(end, 36) > now;
    },
  };
}
