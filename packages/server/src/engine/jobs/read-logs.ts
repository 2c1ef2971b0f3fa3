/** Log lines of a job: found in its packs by task, level and time, and read when they are sent. */
import { TASK_KINDS, type LogLine, type LogsInput } from '@bytenite/contract';
import type { BlobStore } from '../../blob/blob-store.ts';
import type { Context } from '../../context.ts';
import type { TaskKey } from '../../domain/task-id.ts';
import { logPacks } from '../../store/records.ts';
import type { Account } from '../auth/account.ts';
import { jobOf } from './draft.ts';
import { bitsOf, filterOf, packQuery, passes, toJobLogs, type JobLogs } from './log-filter.ts';
import { parseLine, scanPack } from './log-packs.ts';
import { NewestLines, type FoundLine } from './newest-lines.ts';

export interface TaskLine extends LogLine {
  key: TaskKey;
  attempt: number;
}

export async function findLogs(ctx: Context, account: Account, input: LogsInput): Promise<JobLogs> {
  const job = await jobOf(ctx, account, input.jobId);
  const filter = filterOf(job, input);
  const found = {
    PARTITIONER: new NewestLines(filter.limit),
    APP: new NewestLines(filter.limit),
    ASSEMBLER: new NewestLines(filter.limit),
  };
  const packs = await logPacks(ctx.store.db, packQuery(job, filter));
  // The newest come first: a kind of which there are enough is looked for no further.
  for (const pack of packs) {
    const wanted = TASK_KINDS.filter((kind) => filter.kinds.has(kind) && !found[kind].isFull);
    if ((pack.kinds & bitsOf(TASK_KINDS, new Set(wanted))) === 0) continue;
    await scanPack(ctx.blobs, pack, (line) => {
      if (passes(filter, line)) found[line.owner.key.kind].add(pack, line);
    });
    for (const kind of TASK_KINDS) found[kind].trim();
  }
  return toJobLogs(job, found);
}

/** What a line says; read from its pack unless it was kept. */
export async function readLine(blobs: BlobStore, line: FoundLine): Promise<LogLine> {
  const { pack, offset, length } = line;
  return parseLine(line.bytes ?? (await blobs.read(pack, { offset, length })));
}
