import { INPUT_PATHS } from '@bytenite/contract';
import { insertOutputs } from '../../store/records.ts';
import type { OutputTable } from '../../store/tables.ts';
import { findTask } from '../../store/tasks.ts';
import { readBundle } from '../bundles.ts';
import { readInputIndex } from '../input-index.ts';
import { endJob } from '../transitions/end-job.ts';
import { completeStep, StepFailure, writeStepPart, type StepRun } from './step.ts';

const ROWS_PER_TRANSACTION = 2000;

/** DOWNLOADING: delivers the output to the job's destination. */
export async function runDeliverStep(run: StepRun): Promise<void> {
  switch (run.policy.destination?.descriptor) {
    case 'bypass':
      break;
    case undefined:
    case 'bucket':
      await deliverToBucket(run);
      break;
    case 'url':
    case 'file':
    case 'aws':
    case 'gcp':
    case 'storj':
      throw new StepFailure(
        'DATA_DESTINATION',
        `${run.policy.destination.descriptor} cannot be written to`,
      );
  }
  await completeStep(run, (tx, job, now) =>
    endJob(tx, job, run.policy, { state: 'COMPLETE' }, now),
  );
}

/** The temporary bucket is the blob store itself: delivered means that links to the files exist. */
async function deliverToBucket(run: StepRun): Promise<void> {
  let part: OutputTable[] = [];
  for await (const output of outputs(run)) {
    part.push(output);
    if (part.length < ROWS_PER_TRANSACTION) continue;
    const rows = part;
    part = [];
    await writeStepPart(run, (tx) => insertOutputs(tx, rows));
  }
  await writeStepPart(run, (tx) => insertOutputs(tx, part));
}

/** The assembler's files; the placed results where the assembler is a passthrough. */
async function* outputs({ ctx, step, job, policy, signal }: StepRun): AsyncGenerator<OutputTable> {
  const place = { job: job.no, run: job.run };
  if (policy.pinned.assembler === null) {
    const prefix = `${INPUT_PATHS.results}/`;
    for await (const { path, key, offset, size } of readInputIndex(ctx.blobs, step.input, signal)) {
      if (!path.startsWith(prefix)) continue;
      yield { ...place, path: path.slice(prefix.length), key, offset, length: size };
    }
    return;
  }
  const task = await findTask(ctx.store.db, job.no, { kind: 'ASSEMBLER', run: job.run, chunk: 0 });
  if (task?.result_key == null) throw new Error(`job ${job.no} has no assembler result`);
  const key = task.result_key;
  const bundle = { key, offset: task.result_offset, length: task.result_length };
  for (const { path, offset, size } of await readBundle(ctx.blobs, bundle)) {
    yield { ...place, path, key, offset, length: size };
  }
}
