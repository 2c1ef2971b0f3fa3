/** The children write their logs by themselves; this keeps the files bounded and reads their ends. */
import {
  closeSync,
  copyFileSync,
  existsSync,
  fstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  truncateSync,
} from 'node:fs';

import { pino, type Logger } from 'pino';

const LIMIT_BYTES = 32 * 1024 * 1024;

/** Keeps the log of the start before as `<file>.1`. */
export function rotateLog(file: string): void {
  if (existsSync(file)) renameSync(file, `${file}.1`);
}

/** What the log keeps in memory while the disk is full. */
const HELD_LOG_BYTES = 1024 * 1024;

/** What the supervisor did, beside the logs of its children. A full disk stops no platform. */
export function openLogger(file: string, name: string, logLevel: string | undefined): Logger {
  rotateLog(file);
  const level = logLevel ?? (process.env['BYTENITE_LOG_LEVEL'] || 'info');
  const place = { dest: file, mode: 0o600, sync: true, maxLength: HELD_LOG_BYTES };
  const destination = pino.destination(place);
  // Written with the next line that there is room for.
  destination.on('error', () => undefined);
  return pino({ name, level }, destination);
}

/** Opened for appending: after a cut, writing goes on at the new end. */
export function openLog(file: string): number {
  return openSync(file, 'a', 0o600);
}

/** Moves a log that grew too long aside, while its writer goes on. */
export function boundLog(file: string): void {
  if (!existsSync(file) || statSync(file).size < LIMIT_BYTES) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

const TAIL_BYTES = 16 * 1024;

/** The last lines of a log, those of JSON as their message. */
export function tailOf(file: string, count: number): string[] {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    const lines = bytes
      .toString()
      .split('\n')
      .filter((line) => line.trim() !== '');
    return lines.slice(-count).map(messageOf);
  } finally {
    closeSync(fd);
  }
}

function messageOf(line: string): string {
  try {
    const entry = JSON.parse(line) as {
      msg?: unknown;
      error?: unknown;
      err?: { message?: unknown };
    };
    const reason = entry.err?.message ?? entry.error;
    const parts = [entry.msg, reason].filter((part) => typeof part === 'string');
    return parts.length === 0 ? line : parts.join(': ');
  } catch {
    return line;
  }
}
