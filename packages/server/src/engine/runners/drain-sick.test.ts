import type { Grant } from '@bytenite/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findRunner } from '../../store/runners.ts';
import { createTelemetry } from '../../telemetry.ts';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { partitionedJob, workOff } from '../../testing/scenario.ts';
import { failed, succeeded, TestRunner } from '../../testing/test-runner.ts';
import { setDraining } from './manage-runners.ts';

let ctx: TestContext;
let sick: TestRunner;
let well: TestRunner;
beforeEach(async () => {
  ctx = await createTestContext({ backoff: { baseMs: 1, capMs: 1 } });
});
afterEach(() => checkAndDispose(ctx));

/** Jobs of two chunks each, and two runners that are there alone. */
async function jobsOf(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await partitionedJob(ctx, 2);
  ctx.advance(ctx.config.leaseMs + 1);
  sick = await TestRunner.register(ctx);
  well = await TestRunner.register(ctx);
}

/** Fails on one, then succeeds on the other. */
async function failThere(grants: Grant[]): Promise<void> {
  await sick.report(...grants.map((grant) => failed(ctx, grant)));
  ctx.advance(1);
  await well.report(...(await well.claim(grants.length)).map((grant) => succeeded(ctx, grant, {})));
}

const drainReason = async (runner: TestRunner) => {
  const row = await findRunner(ctx.store.db, runner.id);
  return row === undefined || row.draining === 0 ? null : row.drain_reason;
};

it('a runner that fails tasks of several jobs, which others can do, is drained, shown and resumed', async () => {
  await jobsOf(4);
  const grants = await sick.claim(7);
  await failThere(grants.splice(0, 4));
  expect(await drainReason(sick)).toBeNull();
  await failThere(grants.splice(0, 2));
  expect(await drainReason(sick)).toBe(
    '6 tasks of 3 jobs failed there and succeeded on other runners',
  );
  const { text } = await createTelemetry(ctx).metrics();
  expect(text).toContain('bytenite_runners{state="draining"} 1');
  expect(text).toContain('bytenite_runners{state="ready"} 1');
  expect(await sick.claim(9)).toEqual([]);
  // What it has runs to its end, and tells nothing any more.
  await failThere(grants);
  await setDraining(ctx, sick.id, { draining: false, reason: '' });
  expect(await sick.claim(9)).toHaveLength(1);
  expect(await drainReason(sick)).toBeNull();
  await sick.exchange({ released: (await heldBy(sick)).map(({ id }) => id) });
  await workOff(well);
});

it('a runner on which tasks fail that fail everywhere is not drained', async () => {
  await jobsOf(4);
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const runner = attempt % 2 === 1 ? sick : well;
    await runner.report(...(await runner.claim(8)).map((grant) => failed(ctx, grant)));
    ctx.advance(1);
  }
  expect([await drainReason(sick), await drainReason(well)]).toEqual([null, null]);
});

it('a runner is not drained for memory that a task lacked, nor for its own end', async () => {
  await jobsOf(4);
  for (const reason of ['OUT_OF_MEMORY', 'WORKER_LOST'] as const) {
    const grants = await sick.claim(4);
    await sick.report(...grants.map((grant) => failed(ctx, grant, reason)));
    ctx.advance(1);
    await well.report(...(await well.claim(4)).map((grant) => succeeded(ctx, grant, {})));
  }
  expect(await drainReason(sick)).toBeNull();
});

it('the last runner that takes tasks is not drained', async () => {
  await jobsOf(4);
  const grants = await sick.claim(6);
  await sick.report(...grants.map((grant) => failed(ctx, grant)));
  ctx.advance(1);
  const again = await well.claim(6);
  await setDraining(ctx, well.id, { draining: true, reason: 'maintenance' });
  await well.report(...again.map((grant) => succeeded(ctx, grant, {})));
  expect(await drainReason(sick)).toBeNull();
});

function heldBy(runner: TestRunner) {
  return ctx.store.db.selectFrom('lease').select('id').where('runner', '=', runner.id).execute();
}
