/** Second attempts of a job's last tasks (config.speculation). */
import type { Grant } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobRow } from '../../store/tables.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { jobNow, runSteps, type JobOptions } from '../../testing/jobs.ts';
import { partitionedJob } from '../../testing/scenario.ts';
import { failed, phaseOf, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { viewJob } from '../jobs/job-view.ts';
import { getTask } from '../jobs/list-tasks.ts';
import { setDraining } from '../runners/manage-runners.ts';
import { taskIdOf } from '../../domain/task-id.ts';

const CHUNKS = 4;
/** What the three that end take, and what is late then. */
const USUAL_MS = 10_000;
const LATE_MS = 2 * USUAL_MS;

let ctx: TestContext;
let slow: TestRunner;
let other: TestRunner;
beforeEach(async () => {
  ctx = await createTestContext();
  slow = await TestRunner.register(ctx);
  other = await TestRunner.register(ctx);
});
afterEach(() => checkAndDispose(ctx));

/** A job of which all but one chunk have ended; that one runs on the slow runner. */
async function jobWithLast(options: JobOptions = { config: { speculation: true } }) {
  const job = await partitionedJob(ctx, CHUNKS, options);
  const grants = await slow.claim(CHUNKS);
  await slow.exchange({ phases: grants.map((grant) => phaseOf(ctx, grant, 'RUNNING')) });
  ctx.advance(USUAL_MS);
  const [last, ...rest] = grants;
  if (last === undefined) throw new Error('no task was granted');
  const times = { startedAt: ctx.now() - USUAL_MS };
  await slow.report(...rest.map((grant) => succeeded(ctx, grant, file(grant), times)));
  return { job, last };
}

const file = ({ ref }: Grant) => ({ [`${ref.chunk}.txt`]: `attempt ${ref.attempt}` });

/** Time goes on while the slow runner lives. */
async function wait(ms: number, last: Grant): Promise<void> {
  for (let waited = 0; waited < ms; waited += 5000) {
    ctx.advance(Math.min(5000, ms - waited));
    await slow.beat([last.lease]);
  }
}

async function second(last: Grant): Promise<Grant> {
  await wait(LATE_MS, last);
  const [grant] = await other.claim(CHUNKS);
  if (grant === undefined) throw new Error('no second attempt');
  return grant;
}

async function taskOf(job: JobRow, { ref }: Grant) {
  const { leases, attempts, task } = await getTask(
    ctx,
    ctx.account,
    job.id,
    taskIdOf(job.uuid, ref),
  );
  return { live: leases.length, attempts: attempts.map(({ reason }) => reason), task };
}

describe('a late task', () => {
  it('gets a second attempt on another runner, once it is late', async () => {
    const { job, last } = await jobWithLast();
    expect(await other.claim(CHUNKS)).toEqual([]);
    await wait(LATE_MS, last);
    expect(await slow.claim(CHUNKS)).toEqual([]);
    const grants = await other.claim(CHUNKS);
    expect(grants.map(({ ref }) => ref)).toEqual([{ ...last.ref, attempt: 2 }]);
    expect(await other.claim(CHUNKS)).toEqual([]);
    const { taskCounts } = await viewJob(ctx, await jobNow(ctx, job));
    expect(taskCounts).toEqual({ COMPLETED: 3, RUNNING: 1 });
  });

  it('is committed by whoever is first, and nobody pays for the other', async () => {
    const { job, last } = await jobWithLast();
    const grant = await second(last);
    const before = (await jobNow(ctx, job)).price;
    const times = { startedAt: ctx.now() };
    ctx.advance(1000);
    expect(await other.report(succeeded(ctx, grant, file(grant), times))).toEqual(['committed']);
    const { price } = await jobNow(ctx, job);
    expect(await slow.beat([last.lease])).toEqual([last.lease]);
    expect(await slow.report(succeeded(ctx, last, file(last)))).toEqual(['superseded']);
    await runSteps(ctx);
    const now = await jobNow(ctx, job);
    expect(now).toMatchObject({ state: 'COMPLETE', committed: CHUNKS, price });
    expect(price - before).toBeLessThan(before);
    expect(await taskOf(job, last)).toMatchObject({
      live: 0,
      attempts: ['SUPERSEDED'],
      task: { winner: 2 },
    });
  });

  it('whose first attempt ends first has no second one any more', async () => {
    const { job, last } = await jobWithLast();
    const grant = await second(last);
    expect(await slow.report(succeeded(ctx, last, file(last)))).toEqual(['committed']);
    expect(await other.report(succeeded(ctx, grant, file(grant)))).toEqual(['superseded']);
    await runSteps(ctx);
    expect(await jobNow(ctx, job)).toMatchObject({ state: 'COMPLETE', committed: CHUNKS });
    expect(await taskOf(job, last)).toMatchObject({
      attempts: ['SUPERSEDED'],
      task: { winner: 1 },
    });
  });

  it('loses no retry while another attempt lives, and gets no third one', async () => {
    const { job, last } = await jobWithLast();
    const grant = await second(last);
    await slow.report(failed(ctx, last));
    expect(await taskOf(job, last)).toMatchObject({ live: 1, task: { retries: 0, state: 'open' } });
    await other.exchange({ phases: [phaseOf(ctx, grant, 'RUNNING')] });
    for (let i = 0; i < 20; i += 1) {
      ctx.advance(5000);
      await other.beat([grant.lease]);
      await slow.beat([]);
    }
    expect(await slow.claim(CHUNKS)).toEqual([]);
    await other.report(failed(ctx, grant));
    expect((await taskOf(job, last)).task).toMatchObject({ retries: 1, state: 'open' });
  });

  it('gets none on a runner that is drained', async () => {
    const { last } = await jobWithLast();
    await wait(LATE_MS, last);
    await setDraining(ctx, other.id, { draining: true, reason: '' });
    expect(await other.claim(CHUNKS)).toEqual([]);
    await setDraining(ctx, other.id, { draining: false, reason: '' });
    expect(await other.claim(CHUNKS)).toHaveLength(1);
  });

  it('waits while other work does: a second attempt is only for room that nobody needs', async () => {
    const { last } = await jobWithLast();
    await wait(LATE_MS, last);
    const next = await partitionedJob(ctx, 1);
    expect((await other.claim(1)).map(({ ref }) => ref.job)).toEqual([next.no]);
    expect(await other.claim(1)).toHaveLength(1);
  });

  it.each([
    ['of a job that does not ask for it', {}],
    ['of a job of which too little is known', { config: { speculation: true, maxTaskRetries: 0 } }],
  ])('%s stays alone', async (_, options) => {
    const isFew = 'config' in options;
    const job = isFew ? await partitionedJob(ctx, 2, options) : null;
    const last = job === null ? (await jobWithLast(options)).last : await slow.claimOne();
    await wait(10 * LATE_MS, last);
    const rest = job === null ? [] : await other.claim(1);
    expect(rest.map(({ ref }) => ref.chunk)).toEqual(job === null ? [] : [1]);
    expect(await other.claim(CHUNKS)).toEqual([]);
  });
});
