import type { Context } from '../../context.ts';
import type { PinnedRevision } from '../../domain/job-doc.ts';
import { isLargerThan } from '../../domain/share-out.ts';
import { closesNetwork, needsOf } from '../exchange/task-context.ts';
import { reason, type Reason } from './reason.ts';

const GIB = 1024 ** 3;

/** Why no runner that is connected could run a component even if it had nothing else to do; null if one could. */
export function runnerProblem(ctx: Context, component: PinnedRevision): Reason | null {
  const runners = ctx.runners.list(ctx.now());
  const { tag, cpus, memoryGiB, gpu } = component;
  if (runners.length === 0) {
    const words = 'no runner is connected';
    return reason(
      'NO_RUNNER',
      ctx.store.shared === null
        ? words
        : `${words} to this server; one of another server may take it`,
    );
  }
  // Those of other servers are not known here.
  const here = ctx.store.shared === null ? '' : ' of this server';
  if (gpu.length > 0) {
    const models = gpu.join(' or ');
    return reason('NO_FITTING_RUNNER', `${tag} needs a GPU (${models}); no runner${here} has one`, {
      component: tag,
      gpu: gpu.join(','),
    });
  }
  const closing = runners.filter((runner) => closesNetwork(runner, component));
  if (closing.length === 0) {
    return reason(
      'NO_FITTING_RUNNER',
      `${tag} asks for no network, and no runner${here} can shut it off: those of the process tier cannot`,
      { component: tag, network: 'none' },
    );
  }
  const needs = needsOf(component);
  if (closing.some((runner) => runner.overcommit || !isLargerThan(needs, runner))) return null;
  const largest = {
    cpus: Math.max(...closing.map((runner) => runner.cpus)),
    memoryGiB: (Math.max(...closing.map((runner) => runner.memoryBytes)) / GIB).toFixed(1),
  };
  const message =
    `${tag} needs ${cpus} CPUs and ${memoryGiB} GiB; the largest runner${here} ` +
    `has ${largest.cpus} CPUs and ${largest.memoryGiB} GiB (start it with --overcommit to run it all the same)`;
  return reason('NO_FITTING_RUNNER', message, {
    component: tag,
    cpus,
    memoryGiB,
    largestCpus: largest.cpus,
    largestMemoryGiB: largest.memoryGiB,
  });
}
