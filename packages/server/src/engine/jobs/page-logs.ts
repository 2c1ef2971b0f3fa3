/**
 * All lines of a job from the oldest on, a page at a time. Pages follow the order in which lines were stored,
 * which no later line changes; a cursor is a place in it.
 */
import { invalid, TASK_KINDS, type LogsInput } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { logPacksFrom, mayHold, type LogPackQuery } from '../../store/records.ts';
import type { LogPackTable } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { jobOf } from './draft.ts';
import {
  filterOf,
  packQuery,
  passes,
  toJobLogs,
  type JobLogs,
  type LineFilter,
} from './log-filter.ts';
import { readWindows } from './log-packs.ts';
import { NewestLines } from './newest-lines.ts';

/** A pack, and how many of its lines were gone through. */
interface Cursor {
  n: number;
  position: number;
}

export interface LogPage {
  logs: JobLogs;
  /** Where the next page begins; empty behind the last line. */
  next: string;
}

/** A page ends with this many bytes of lines, or after a look through so much; it may be short or empty. */
const PAGE_BYTES = 8 * 1024 * 1024;
const SCAN_BYTES = 64 * 1024 * 1024;
const PACKS = 100;

export async function pageLogs(
  ctx: Context,
  account: Account,
  input: LogsInput & { after: string },
): Promise<LogPage> {
  const job = await jobOf(ctx, account, input.jobId);
  const filter = filterOf(job, input);
  const query = packQuery(job, filter);
  const page = new Page(filter);
  let next: Cursor | null = cursorOf(input.after);
  while (next !== null && !page.isFull) {
    next = await fill(ctx, page, query, next);
  }
  const logs = toJobLogs(job, page.found);
  return { logs, next: next === null ? '' : `${next.n}.${next.position}` };
}

/** Goes through packs until the page is full; null when there is nothing behind them. */
async function fill(
  ctx: Context,
  page: Page,
  query: LogPackQuery,
  from: Cursor,
): Promise<Cursor | null> {
  const packs = await logPacksFrom(ctx.store.db, query, from.n, PACKS);
  for (const pack of packs) {
    if (!mayHold(pack, query)) continue;
    const position = await page.read(ctx, pack, pack.n === from.n ? from.position : 0);
    if (position !== null) return { n: pack.n, position };
    if (page.isFull) return { n: pack.n + 1, position: 0 };
  }
  const last = packs.at(-1);
  return last === undefined || packs.length < PACKS ? null : { n: last.n + 1, position: 0 };
}

class Page {
  readonly found;
  private readonly filter: LineFilter;
  private bytes = 0;
  private scanned = 0;

  constructor(filter: LineFilter) {
    this.filter = filter;
    const { limit } = filter;
    this.found = {
      PARTITIONER: new NewestLines(limit),
      APP: new NewestLines(limit),
      ASSEMBLER: new NewestLines(limit),
    };
  }

  get isFull(): boolean {
    const { bytes, scanned, found } = this;
    return (
      bytes >= PAGE_BYTES || scanned >= SCAN_BYTES || TASK_KINDS.some((kind) => found[kind].isFull)
    );
  }

  /** Takes a pack's lines behind the first `seen`; where it stopped, or null at the pack's end. */
  async read(ctx: Context, pack: LogPackTable, seen: number): Promise<number | null> {
    let position = 0;
    for await (const window of readWindows(ctx.blobs, pack)) {
      for (const line of window) {
        position += 1;
        if (position <= seen || !passes(this.filter, line)) continue;
        this.found[line.owner.key.kind].add(pack, line);
        this.bytes += line.bytes.length;
        if (this.isFull) return position;
      }
    }
    this.scanned += pack.length;
    return null;
  }
}

function cursorOf(text: string): Cursor {
  const [, n, position = '0'] = /^(\d{1,9})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (n !== undefined) return { n: Number(n), position: Number(position) };
  const description = 'must be 0 for the first page, or the `next` of the page before';
  throw invalid(`after: ${description}`, [{ field: 'after', description }]);
}
