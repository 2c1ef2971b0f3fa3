import type { EndReport, Verdict } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { countWords } from '../explain/reason.ts';
import type { Runner } from '../runners.ts';
import { drain, isDrained } from './drained.ts';
import { forgetEnds, noteEnds } from './runner-ends.ts';

/** Drains runners that turn out to fail what others can do. */
export function drainSick(
  ctx: Context,
  runner: Pick<Runner, 'id'>,
  ended: readonly EndReport[],
  verdicts: ReadonlyMap<string, Verdict>,
): void {
  const now = ctx.now();
  for (const [id, { jobs, failures }] of noteEnds(ctx.runners, runner.id, ended, verdicts, now)) {
    const working = ctx.runners.list(now).filter((known) => !isDrained(known));
    const sick = working.find((known) => known.id === id);
    // A poor runner is better than none.
    if (sick === undefined || working.length < 2) continue;
    const reason = `${countWords(failures, 'task')} of ${jobs} jobs failed there and succeeded on other runners`;
    drain(sick, reason);
    forgetEnds(ctx.runners, id);
    ctx.logger.warn({ runner: id, reason }, 'a runner is drained: it fails what others can do');
  }
}
