import { afterEach, beforeEach, expect, it } from 'vitest';
import { taskIdOf } from '../domain/task-id.ts';
import { findTask } from '../store/tasks.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { checkAndDispose } from '../testing/invariants.ts';
import { partitionedJob } from '../testing/scenario.ts';
import { succeeded, TestRunner } from '../testing/test-runner.ts';
import { presentTask } from './present-task.ts';

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => checkAndDispose(ctx));

it('a row from before transfers were measured is presented whole', async () => {
  const job = await partitionedJob(ctx, 1);
  const runner = await TestRunner.register(ctx);
  const [grant] = await runner.claim(1);
  if (grant === undefined) throw new Error('a task is wanted');
  ctx.advance(2500);
  const startedAt = ctx.now() - 1500;
  const sent = succeeded(ctx, grant, { a: 'x' }, { startedAt });
  const { transferSeconds: _, runSeconds: __, ...old } = { ...sent.report.stats };
  Object.assign(sent.report, { stats: old });
  await runner.report(sent);
  const task = await findTask(ctx.store.db, job.no, { kind: 'APP', run: 0, chunk: 0 });
  if (task === undefined) throw new Error('the task is gone');
  expect(task.stats).not.toContain('runSeconds');
  const shown = presentTask({ job, task, leases: [], attempts: [] });
  expect(shown.id).toBe(taskIdOf(job.uuid, task));
  expect(shown.stats).toEqual({ ...old, transferSeconds: 0, runSeconds: 1.5 });
});
