import type { EndReport, Verdict } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { Sickness } from '../../domain/runner-health.ts';
import { countWords } from '../explain/reason.ts';
import type { Runner } from '../runners.ts';
import { setDraining } from './manage-runners.ts';
import { forgetEnds, noteEnds } from './runner-ends.ts';

/** Drains runners that turn out to fail what others can do; the operator resumes them. */
export async function drainSick(
  ctx: Context,
  runner: Pick<Runner, 'id'>,
  ended: readonly EndReport[],
  verdicts: ReadonlyMap<string, Verdict>,
): Promise<void> {
  const sick = noteEnds(ctx.runners, runner.id, ended, verdicts, ctx.now());
  for (const [id, sickness] of sick) {
    try {
      await drain(ctx, id, sickness);
    } catch (error) {
      // What was settled is settled; its next failure says so again.
      ctx.logger.error({ err: error, runner: id }, 'a runner that fails could not be drained');
    }
  }
}

async function drain(ctx: Context, id: string, { jobs, failures }: Sickness): Promise<void> {
  const working = ctx.runners.list(ctx.now()).filter(({ draining }) => !draining);
  // A poor runner is better than none.
  if (!working.some((runner) => runner.id === id) || working.length < 2) return;
  const reason = `${countWords(failures, 'task')} of ${jobs} jobs failed there and succeeded on other runners`;
  await setDraining(ctx, id, { draining: true, reason });
  forgetEnds(ctx.runners, id);
  ctx.logger.warn(
    { runner: id, jobs, failures },
    'a runner is drained: it fails what others can do',
  );
}
