import type { LeasePhase } from '@bytenite/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { checkAndDispose } from '../../testing/invariants.ts';
import { runSteps, startJob } from '../../testing/jobs.ts';
import { phaseOf, succeeded, TestRunner } from '../../testing/test-runner.ts';

let ctx: TestContext;
let runner: TestRunner;
beforeEach(async () => {
  ctx = await createTestContext();
  await startJob(ctx, { config: { taskTimeout: 60 } });
  await runSteps(ctx);
  runner = await TestRunner.register(ctx);
});
afterEach(() => checkAndDispose(ctx));

const lease = () => ctx.store.db.selectFrom('lease').selectAll().executeTakeFirstOrThrow();

describe('the phase of a task', () => {
  it('is what its runner says, with the times', async () => {
    const grant = await runner.claimOne();
    expect(await lease()).toMatchObject({ phase: 'ASSIGNED', assigned_at: ctx.now() });
    ctx.advance(10);
    await runner.beat([grant.lease], [phaseOf(ctx, grant, 'RECEIVED')]);
    expect(await lease()).toMatchObject({ phase: 'RECEIVED', received_at: ctx.now() });
    ctx.advance(10);
    await runner.exchange({ phases: [phaseOf(ctx, grant, 'RUNNING')] });
    expect(await lease()).toMatchObject({
      phase: 'RUNNING',
      started_at: ctx.now(),
      limit_at: ctx.now() + 90_000,
    });
  });

  it('never goes back, also when an older message comes after a newer one', async () => {
    const grant = await runner.claimOne();
    const received = phaseOf(ctx, grant, 'RECEIVED');
    await runner.exchange({ phases: [phaseOf(ctx, grant, 'RUNNING')] });
    const running = await lease();
    await runner.beat([grant.lease], [received]);
    expect(await lease()).toMatchObject({
      phase: 'RUNNING',
      started_at: running.started_at,
      limit_at: running.limit_at,
    });
  });

  it('has no times outside those of the lease, whatever the runner’s clock says', async () => {
    const grant = await runner.claimOne();
    ctx.advance(1000);
    const phase: LeasePhase = 'RUNNING';
    const times = { receivedAt: 0, startedAt: ctx.now() + 1e9 };
    await runner.exchange({ phases: [{ lease: grant.lease, phase, ...times }] });
    const row = await lease();
    expect(row).toMatchObject({ received_at: row.assigned_at, started_at: ctx.now() });
  });

  it('is not changed by another runner, nor after the end', async () => {
    const grant = await runner.claimOne();
    const other = await TestRunner.register(ctx);
    await other.exchange({ phases: [phaseOf(ctx, grant, 'RUNNING')] });
    expect((await lease()).phase).toBe('ASSIGNED');
    await runner.report(succeeded(ctx, grant, {}));
    await runner.exchange({ phases: [phaseOf(ctx, grant, 'RUNNING')] });
    expect(await ctx.store.db.selectFrom('lease').selectAll().execute()).toEqual([]);
  });
});
