/** Which jobs a runner could work for, in the order of their turn; read before the transaction. */
import type { SecretGrant } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { hasRoom } from '../../domain/limits.ts';
import { kindClaimedIn } from '../../domain/job-state.ts';
import type { Asking } from '../../domain/share-out.ts';
import { placeOf, waitingJobs, type JobPlace } from '../../store/queue.ts';
import type { JobRow } from '../../store/tables.ts';
import { waitingStandings, type Standing } from '../fairness/standings.ts';
import { componentOf, policyOf, type JobPolicy } from '../job-policy.ts';
import type { Runner } from '../runners.ts';
import { candidateSecrets } from './candidate-secrets.ts';
import { canRun, needsOf } from './task-context.ts';

/** Tasks granted in one exchange, whatever the runner asks for. */
export const MAX_GRANTS = 500;
/** Jobs looked at in one exchange. */
const MAX_CANDIDATES = 64;
/** Of one account where many wait. */
const MIN_PER_ACCOUNT = 8;

export interface Candidate extends Asking {
  job: JobRow;
  policy: JobPolicy;
  secrets: SecretGrant[];
}

export interface Candidates {
  jobs: Candidate[];
  standings: Standing[];
}

/** Jobs with something to claim that this runner can run at all. */
export async function findCandidates(ctx: Context, runner: Runner): Promise<Candidates> {
  // Results need room; those of tasks under way are still taken.
  await ctx.disk.refresh();
  if (ctx.disk.isLow()) return { jobs: [], standings: [] };
  const standings = (await waitingStandings(ctx)).filter(({ room }) => hasRoom(room, 0));
  const perAccount = Math.max(MIN_PER_ACCOUNT, Math.floor(MAX_CANDIDATES / standings.length));
  const jobs: Candidate[] = [];
  for (const { account } of standings) {
    if (jobs.length >= MAX_CANDIDATES) break;
    jobs.push(...(await candidatesOf(ctx, runner, account, perAccount)));
  }
  return { jobs, standings };
}

async function candidatesOf(
  ctx: Context,
  runner: Runner,
  account: string,
  limit: number,
): Promise<Candidate[]> {
  const { db } = ctx.store;
  const candidates: Candidate[] = [];
  // Jobs that no runner can run must not hide those behind them.
  for (let after: JobPlace | null = null; candidates.length < limit;) {
    const page = { after, limit, maxDue: MAX_GRANTS };
    const jobs = await waitingJobs(db, account, ctx.now(), page);
    for (const { waiting, ...job } of jobs) {
      const kind = kindClaimedIn(job.state);
      const policy = await policyOf(ctx, db, job.no, job.run);
      if (kind === null || !canRun(runner, componentOf(policy, kind))) continue;
      const secrets = await candidateSecrets(ctx, job, policy, componentOf(policy, kind));
      if (secrets === null) continue;
      const needs = needsOf(componentOf(policy, kind));
      candidates.push({ account, needs, waiting, job, policy, secrets });
    }
    const last = jobs.at(-1);
    if (last === undefined || jobs.length < limit) break;
    after = placeOf(last);
  }
  return candidates;
}
