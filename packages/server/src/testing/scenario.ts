/** The start that most tests of tasks share. */
import type { Grant } from '@bytenite/contract';
import type { JobRow } from '../store/tables.ts';
import type { Files } from './bundle-of.ts';
import type { TestContext } from './context.ts';
import { addComponent, jobNow, runSteps, startJob, type JobOptions } from './jobs.ts';
import { succeeded, TestRunner } from './test-runner.ts';

/** A job with this many chunks, all waiting, brought there by a partitioner of its own. */
export async function partitionedJob(
  ctx: TestContext,
  chunks: number,
  options: JobOptions = {},
): Promise<JobRow> {
  const partitioner = options.partitioner ?? (await addComponent(ctx, 'partitioner'));
  const job = await startJob(ctx, { ...options, partitioner });
  await runSteps(ctx);
  const runner = await TestRunner.register(ctx);
  const grants = await runner.claim();
  const grant = grants.find(({ ref }) => ref.job === job.no);
  if (grant === undefined) throw new Error('the partitioner was not granted');
  const others = grants.filter((other) => other !== grant).map(({ lease }) => lease);
  await runner.exchange({ released: others });
  const files: Files = {};
  for (let i = 0; i < chunks; i++) files[`data_${i}.bin`] = `chunk ${i}`;
  await runner.report(succeeded(ctx, grant, files));
  await runSteps(ctx);
  return jobNow(ctx, job);
}

/** Commits every task that the runner gets, until there is none. */
export async function workOff(
  runner: TestRunner,
  filesOf: (grant: Grant) => Files = ({ ref }) => ({ [`${ref.chunk}.txt`]: `result ${ref.chunk}` }),
): Promise<void> {
  for (let grants = await runner.claim(); grants.length > 0; grants = await runner.claim()) {
    await runner.report(...grants.map((grant) => succeeded(runner.ctx, grant, filesOf(grant))));
    await runSteps(runner.ctx);
  }
}
