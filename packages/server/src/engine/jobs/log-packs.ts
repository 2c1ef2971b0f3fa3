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
  let owner: LineOwner | null = null;
  let rest: Buffer = Buffer.alloc(0);
  for (let read = 0; read < pack.length;) {
    const length = Math.min(WINDOW_BYTES, pack.length - read);
    const part = await blobs.read(pack.key, { offset: read, length });
    const bytes = rest.length === 0 ? part : Buffer.concat([rest, part]);
    const base = read - rest.length;
    read += length;
    let start = 0;
    for (let end = endOfLine(bytes, start, read, pack.length); end >= 0;) {
      const line = bytes.subarray(start, end);
      if (isHeader(line)) owner = ownerOf(line);
      else if (owner !== null && line.length > 0) {
        visit({ owner, ...headOf(line), offset: base + start, bytes: line });
      }
      start = end + 1;
      end = start > bytes.length ? -1 : endOfLine(bytes, start, read, pack.length);
    }
    rest = start < bytes.length ? bytes.subarray(start) : Buffer.alloc(0);
  }
}

/** The end of the line that starts here, or -1 when it goes on in the next window. */
function endOfLine(bytes: Buffer, start: number, read: number, length: number): number {
  const end = bytes.indexOf(NEWLINE, start);
  return end === -1 && read === length && start < bytes.length ? bytes.length : end;
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
