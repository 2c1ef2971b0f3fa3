import { INPUT_PATHS } from '@bytenite/contract';
import { orderChunks } from '../../domain/chunk-order.ts';
import type { Tx } from '../../store/store.ts';
import { findTask, insertTasks } from '../../store/tasks.ts';
import { readBundle } from '../bundles.ts';
import { readInputIndex } from '../input-index.ts';
import { finishChunks } from '../transitions/commit-results.ts';
import { enterState } from '../transitions/enter-state.ts';
import { completeStep, StepFailure, writeStepPart, type StepRun } from './step.ts';

const ROWS_PER_TRANSACTION = 5000;

interface ChunkFile {
  path: string;
  key: string;
  offset: number;
  size: number;
}

/** PARTITIONING: records the partitioner's files as chunks, in the contract's order. */
export async function runChunksStep(run: StepRun): Promise<void> {
  const chunks = orderChunks(await chunkFiles(run));
  if (chunks.length === 0 && !run.policy.config.allowEmpty) {
    throw new StepFailure('NO_CHUNKS', noChunksMessage(run));
  }
  let from = 0;
  for (; chunks.length - from > ROWS_PER_TRANSACTION; from += ROWS_PER_TRANSACTION) {
    await writeStepPart(run, (tx) => insertChunks(run, tx, chunks, from));
  }
  // The last of them, mostly all, come with the step's end: a commit less before the first task.
  await completeStep(run, async (tx, job, now) => {
    await insertChunks(run, tx, chunks, from);
    const partitioned = await enterState(tx, job, 'PARTITIONED', now, {
      num_chunks: chunks.length,
    });
    await finishChunks(tx, partitioned, now);
  });
}

/** Writes one transaction's share of the chunks. */
async function insertChunks(
  { ctx, job }: StepRun,
  tx: Tx,
  chunks: readonly ChunkFile[],
  from: number,
): Promise<void> {
  const part = chunks.slice(from, from + ROWS_PER_TRANSACTION);
  if (part.length === 0) return;
  await insertTasks(tx, ctx.store.dialect, {
    job: job.no,
    kind: 'APP',
    run: 0,
    createdAt: ctx.now(),
    tasks: part.map(({ path: name, key, offset, size: length }, i) => {
      return { chunk: from + i, name, key, offset, length };
    }),
  });
}

/** Files of the partitioner's result; of the source where the partitioner is a passthrough. */
async function chunkFiles({ ctx, step, job, policy, signal }: StepRun): Promise<ChunkFile[]> {
  if (policy.pinned.partitioner === null) {
    const files: ChunkFile[] = [];
    for await (const entry of readInputIndex(ctx.blobs, step.input, signal)) {
      files.push({ ...entry, path: entry.path.slice(INPUT_PATHS.source.length + 1) });
    }
    return files;
  }
  const task = await findTask(ctx.store.db, job.no, {
    kind: 'PARTITIONER',
    run: job.run,
    chunk: 0,
  });
  if (task?.result_key == null) throw new Error(`job ${job.no} has no partitioner result`);
  const key = task.result_key;
  const files = await readBundle(ctx.blobs, {
    key,
    offset: task.result_offset,
    length: task.result_length,
  });
  return files.map(({ path, offset, size }) => ({ path, key, offset, size }));
}

function noChunksMessage({ policy }: StepRun): string {
  return policy.pinned.partitioner === null
    ? 'the data source has no files, so there is nothing to run'
    : 'the partitioner wrote no files to CHUNKS_DIR, so there is nothing to run (set config.allowEmpty to go on with none)';
}
