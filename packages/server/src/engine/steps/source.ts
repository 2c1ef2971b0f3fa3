import { INPUT_PATHS } from '@bytenite/contract';
import type { StoredDataSource } from '../../domain/data-source.ts';
import { findUpload } from '../../store/records.ts';
import { insertStep } from '../../store/steps.ts';
import type { StepRow } from '../../store/tables.ts';
import { fileNameOf } from '../../transfer/file-name.ts';
import { SourceError } from '../../transfer/source-error.ts';
import { transferSource, type SourceFile, type TransferSource } from '../../transfer/source.ts';
import { openPassword } from '../jobs/read-sources.ts';
import { writeInputIndex, type InputEntry } from '../input-index.ts';
import { whileRoom } from '../require-space.ts';
import { enterState } from '../transitions/enter-state.ts';
import { insertEngineTask } from './engine-task.ts';
import { completeStep, StepFailure, stepKey, type StepRun } from './step.ts';

/** UPLOADING: brings the source into the blob store, then lets the partitioner run. */
export async function runSourceStep(run: StepRun): Promise<StepRow | undefined> {
  const { ctx, step } = run;
  const files = await transfer(run);
  const indexKey = stepKey(run, 'index');
  const { size } = await writeInputIndex(
    ctx.blobs,
    indexKey,
    files.map((file) => sourceEntry(file)),
    run.signal,
  );
  return completeStep(run, async (tx, job, now) => {
    await enterState(tx, job, 'PARTITIONING', now);
    if (run.policy.pinned.partitioner !== null) {
      await insertEngineTask(run, tx, 'PARTITIONER', { key: indexKey, size }, now);
      return undefined;
    }
    // Nothing is between the two: a commit less before the first task.
    const claimed = { owner: step.owner, deadline: now + ctx.config.leaseMs };
    const place = { job: job.no, run: job.run, readyAt: now };
    return insertStep(tx, { ...place, name: 'chunks', input: indexKey, claimed });
  });
}

async function transfer(run: StepRun): Promise<SourceFile[]> {
  const { ctx, step, policy, signal } = run;
  try {
    return await transferSource(await transferSourceOf(run, policy.source), {
      blobs: ctx.blobs,
      keyPrefix: stepKey(run, 'files'),
      guard: ctx.guard,
      signal,
      receive: (body, size) => whileRoom(ctx, body, 'new work', size),
      maxBytes: ctx.config.limits.sourceBytes,
      idleMs: ctx.config.limits.idleMs,
    });
  } catch (error) {
    if (!(error instanceof SourceError) || (error.isTransient && step.tries < SOURCE_TRIES - 1)) {
      throw error;
    }
    throw new StepFailure('DATA_SOURCE', error.message, { cause: error });
  }
}

/** Tries of a source that may yet answer. */
const SOURCE_TRIES = 3;

async function transferSourceOf(
  { ctx, job }: StepRun,
  source: StoredDataSource | null,
): Promise<TransferSource> {
  if (source === null) return { kind: 'bypass' };
  switch (source.descriptor) {
    case 'bypass':
      return { kind: 'bypass' };
    case 'url': {
      const { url = '', name = '', username = '' } = source.params ?? {};
      const password = await openPassword(ctx, job.account, source);
      return { kind: 'url', url, name, username, password };
    }
    case 'file': {
      const upload = await findUpload(ctx.store.db, job.no);
      if (upload === undefined || upload.key === null) return { kind: 'file', upload: null };
      const { key, size_bytes: size, sha256 } = upload;
      // Neither the client nor its upload need to have named the file.
      const name = fileNameOf(source.params?.name ?? '') ?? fileNameOf(upload.name) ?? 'source';
      return { kind: 'file', upload: { name, key, size, sha256 } };
    }
    case 'aws':
    case 'gcp':
    case 'storj':
    case 'bucket':
      throw new StepFailure('DATA_SOURCE', `${source.descriptor} cannot be read`);
  }
}

function sourceEntry(file: SourceFile): InputEntry {
  const { name, key, size, sha256 } = file;
  return { path: `${INPUT_PATHS.source}/${name}`, size, sha256, key, offset: 0 };
}
