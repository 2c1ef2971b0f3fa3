/**
 * Looks through log packs by their bytes: of a million lines a page shows few, and only those are parsed.
 * A pack is read a window at a time, so that neither memory nor the time between two turns of the event
 * loop grows with it.
 */
import { LOG_LEVELS, type LogLevel, type LogLine, type TaskKind } from '@bytenite/contract';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { TaskKey } from '../../domain/task-id.ts';

/** The attempt that wrote the lines below its header. */
export interface LineOwner {
  key: TaskKey;
  attempt: number;
}

export interface ScannedLine {
  owner: LineOwner;
  t: number;
  level: LogLevel;
  /** Where it stands in its pack. */
  offset: number;
  /** Its JSON; part of a larger buffer, to be copied where it is kept. */
  bytes: Buffer;
}

const WINDOW_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

/** Calls `visit` for every line of a pack, in order. */
export async function scanPack(
  blobs: BlobStore,
  pack: { key: string; length: number },
  visit: (line: ScannedLine) => void,
): Promise<void> {
  for await (const window of readWindows(blobs, pack)) for (const line of window) visit(line);
}

/** A pack's lines, a window of it at a time; each is to be gone through to its end. */
export async function* readWindows(
  blobs: BlobStore,
  pack: { key: string; length: number },
): AsyncGenerator<Iterable<ScannedLine>, void> {
  const scan: Scan = { owner: null, rest: Buffer.alloc(0) };
  for (let read = 0; read < pack.length;) {
    const length = Math.min(WINDOW_BYTES, pack.length - read);
    const part = await blobs.read(pack.key, { offset: read, length });
    const bytes = scan.rest.length === 0 ? part : Buffer.concat([scan.rest, part]);
    const base = read - scan.rest.length;
    read += length;
    yield linesOf(scan, { bytes, base, isLast: read === pack.length });
  }
}

/** What one window leaves to the next: whose lines they are, and the beginning of a line. */
interface Scan {
  owner: LineOwner | null;
  rest: Buffer;
}

interface Window {
  bytes: Buffer;
  /** Where it begins in the pack. */
  base: number;
  isLast: boolean;
}

function* linesOf(scan: Scan, { bytes, base, isLast }: Window): Generator<ScannedLine, void> {
  let start = 0;
  for (let end = endOfLine(bytes, start, isLast); end >= 0;) {
    const line = bytes.subarray(start, end);
    if (isHeader(line)) scan.owner = ownerOf(line);
    else if (scan.owner !== null && line.length > 0) {
      yield { owner: scan.owner, ...headOf(line), offset: base + start, bytes: line };
    }
    start = end + 1;
    end = start > bytes.length ? -1 : endOfLine(bytes, start, isLast);
  }
  scan.rest = start < bytes.length ? bytes.subarray(start) : Buffer.alloc(0);
}

/** The end of the line that starts here, or -1 when it goes on in the next window. */
function endOfLine(bytes: Buffer, start: number, isLast: boolean): number {
  const end = bytes.indexOf(NEWLINE, start);
  return end === -1 && isLast && start < bytes.length ? bytes.length : end;
}

export function parseLine(bytes: Buffer): LogLine {
  return JSON.parse(bytes.toString()) as LogLine;
}

const HEADER_MARK = 'k'.charCodeAt(0);

/** `{"k":...`, where a line is `{"t":...`. */
function isHeader(line: Buffer): boolean {
  return line[2] === HEADER_MARK;
}

function ownerOf(line: Buffer): LineOwner {
  const { k, r, n, a } = JSON.parse(line.toString()) as {
    k: TaskKind;
    r: number;
    n: number;
    a: number;
  };
  return { key: { kind: k, run: r, chunk: n }, attempt: a };
}

const TIME = Buffer.from('{"t":');
const LEVEL = Buffer.from(',"l":"');
const ZERO = 0x30;
const NINE = 0x39;
/** No two begin with the same letter. */
const LEVEL_OF_LETTER = new Map(LOG_LEVELS.map((level) => [level.charCodeAt(0), level]));

/** Time and level of a line as runners write it, without parsing the rest; any other JSON is parsed. */
function headOf(line: Buffer): { t: number; level: LogLevel } {
  let at = TIME.length;
  let t = 0;
  for (let digit = line[at] ?? 0; digit >= ZERO && digit <= NINE; digit = line[++at] ?? 0) {
    t = t * 10 + digit - ZERO;
  }
  const level = LEVEL_OF_LETTER.get(line[at + LEVEL.length] ?? 0);
  const isAsWritten =
    level !== undefined && hasAt(line, TIME, 0) && at > TIME.length && hasAt(line, LEVEL, at);
  if (isAsWritten) return { t, level };
  const { t: time, l } = parseLine(line);
  return { t: time, level: l };
}

function hasAt(line: Buffer, part: Buffer, at: number): boolean {
  for (let i = 0; i < part.length; i += 1) if (line[at + i] !== part[i]) return false;
  return true;
}
