import type { Context } from '../../context.ts';
import type { JobDoc, PinnedRevision } from '../../domain/job-doc.ts';
import { kindClaimedIn } from '../../domain/job-state.ts';
import { isLargerThan } from '../../domain/share-out.ts';
import { nextReadyAt } from '../../store/leases.ts';
import { jobSteps } from '../../store/steps.ts';
import type { Db } from '../../store/store.ts';
import type { JobRow } from '../../store/tables.ts';
import { needsOf } from '../exchange/task-context.ts';
import { NO_SPACE } from '../require-space.ts';
import { COMPONENT_OF_KIND } from '../job-policy.ts';

const WAITS_FOR_SPACE = `waits for room: ${NO_SPACE}`;

/** Why nothing of a started job runs on a runner at the moment, in words for its owner. */
export async function waitingReason(
  ctx: Context,
  db: Db,
  job: JobRow,
  doc: JobDoc,
): Promise<string> {
  const step = (await jobSteps(db, job.no))[0];
  if (step !== undefined) {
    if (step.owner !== '') return '';
    if (ctx.disk.isLow() && step.name === 'source') return WAITS_FOR_SPACE;
    const waits = step.ready_at - ctx.now();
    if (waits <= 0) return '';
    return step.tries > 0
      ? `waits ${seconds(waits)} before trying the ${step.name} step again`
      : `waits ${seconds(waits)} until the delivery of the run before has ended`;
  }
  const kind = kindClaimedIn(job.state);
  const component = kind === null ? null : (doc.pinned?.[COMPONENT_OF_KIND[kind]] ?? null);
  if (component === null) return '';
  if (ctx.disk.isLow()) return WAITS_FOR_SPACE;
  const noRunner = runnerProblem(ctx, component);
  if (noRunner !== null) return noRunner;
  const readyAt = await nextReadyAt(db, job.no);
  const cursorLeft = job.state === 'PARTITIONED' && job.cursor < job.num_chunks;
  if (!cursorLeft && readyAt !== null && readyAt > ctx.now()) {
    return `waits ${seconds(readyAt - ctx.now())} before the next retry`;
  }
  return 'waits for a free runner behind other jobs';
}

function runnerProblem(ctx: Context, component: PinnedRevision): string | null {
  const runners = ctx.runners.list(ctx.now());
  if (runners.length === 0) {
    return ctx.store.shared === null
      ? 'no runner is connected'
      : 'no runner is connected to this server; one of another server may take it';
  }
  if (component.gpu.length > 0) {
    return `${component.tag} needs a GPU (${component.gpu.join(' or ')}); no runner has one`;
  }
  const needs = needsOf(component);
  const fits = runners.some((runner) => runner.overcommit || !isLargerThan(needs, runner));
  if (fits) return null;
  const cpus = Math.max(...runners.map((runner) => runner.cpus));
  const memory = Math.max(...runners.map((runner) => runner.memoryBytes)) / 1024 ** 3;
  return (
    `${component.tag} needs ${component.cpus} CPUs and ${component.memoryGiB} GiB; the largest runner ` +
    `has ${cpus} CPUs and ${memory.toFixed(1)} GiB (start it with --overcommit to run it all the same)`
  );
}

function seconds(ms: number): string {
  return `${Math.max(1, Math.ceil(ms / 1000))} s`;
}
