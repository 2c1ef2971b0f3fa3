/** Takes the values of injected secrets out of lines before they leave the runner. */
import type { SecretGrant } from '@bytenite/contract';

/** Shorter values would blank out half of every line and are no secrets. */
const SHORTEST_SECRET = 3;
const SHORTEST_SECRET_LINE = 8;
const MASK = '***';

export interface Redactor {
  redact(line: string): string;
  /** Longest hidden value in bytes; 0 when nothing is hidden. */
  readonly longestBytes: number;
  /** The last place at or before `cut` where a text can be split without splitting a hidden value. */
  cutBefore(text: Buffer, cut: number): number;
}

export function createRedactor(secrets: readonly SecretGrant[]): Redactor {
  const values = [...new Set(secrets.flatMap((s) => hiddenForms(s.secretKey, s.accessKey)))];
  // The longest first: one value may hold another.
  values.sort((a, b) => b.length - a.length);
  const needles = values.map((value) => Buffer.from(value));
  const longestBytes = Math.max(0, ...needles.map((needle) => needle.length));
  return {
    longestBytes,
    redact: (line) => values.reduce((text, value) => text.replaceAll(value, MASK), line),
    cutBefore: (text, cut) =>
      Math.min(cut, ...needles.map((needle) => startAcross(text, needle, cut))),
  };
}

/** Where a needle begins that lies across `cut`; Infinity when none does. */
function startAcross(text: Buffer, needle: Buffer, cut: number): number {
  const window = text.subarray(0, cut + needle.length - 1);
  const start = window.indexOf(needle, Math.max(0, cut - needle.length + 1));
  return start > 0 ? start : Number.POSITIVE_INFINITY;
}

/** A value as printed raw, inside JSON (as in SECRETS), and line by line when it has several. */
function hiddenForms(...values: string[]): string[] {
  return values.flatMap((value) => {
    if (value.length < SHORTEST_SECRET) return [];
    const lines = value.split(/\r?\n/).filter((line) => line.length >= SHORTEST_SECRET_LINE);
    return [value, JSON.stringify(value).slice(1, -1), ...lines];
  });
}
