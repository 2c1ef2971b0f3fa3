import { findGpu } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { PinnedRevision } from '../../domain/job-doc.ts';
import { isLargerThan } from '../../domain/share-out.ts';
import { closesNetwork, needsOf } from '../exchange/task-context.ts';
import type { Runner } from '../runners.ts';
import { countWords, reason, type Reason } from './reason.ts';

const GIB = 1024 ** 3;

/** Why no runner that is connected could run a component even if it had nothing else to do; null if one could. */
export function runnerProblem(ctx: Context, component: PinnedRevision): Reason | null {
  const connected = ctx.runners.list(ctx.now());
  if (connected.length === 0) return reason('NO_RUNNER', 'no runner is connected');
  const runners = connected.filter(({ draining }) => !draining);
  if (runners.length === 0) {
    const words = `no runner takes tasks: ${countWords(connected.length, 'runner')} connected, all drained`;
    return reason('NO_RUNNER', words, { drained: connected.length });
  }
  const { tag, gpu } = component;
  const fitting = runners.filter((runner) => hasGpu(runner, gpu));
  if (fitting.length === 0) {
    const models = gpu.join(' or ');
    return reason(
      'NO_FITTING_RUNNER',
      `${tag} needs a GPU (${models}); ${whoHas(connected, gpu)}`,
      {
        component: tag,
        gpu: gpu.join(','),
        gpus: [...new Set(runners.flatMap(({ gpus }) => gpus))].join(','),
      },
    );
  }
  const closing = fitting.filter((runner) => closesNetwork(runner, component));
  if (closing.length === 0) {
    return reason(
      'NO_FITTING_RUNNER',
      `${tag} asks for no network, and no runner can shut it off: those of the process tier cannot`,
      { component: tag, network: 'none' },
    );
  }
  return sizeProblem(component, closing);
}

function hasGpu({ gpus }: Runner, wanted: readonly string[]): boolean {
  return wanted.length === 0 || findGpu(gpus, wanted) !== null;
}

function whoHas(connected: readonly Runner[], wanted: readonly string[]): string {
  const drained = connected.find((runner) => runner.draining && hasGpu(runner, wanted));
  if (drained !== undefined) return 'the only runners with one are drained';
  const others = new Set(connected.flatMap(({ gpus }) => gpus));
  return others.size === 0
    ? 'no runner has one'
    : `no runner has one (there are ${[...others].join(', ')})`;
}

function sizeProblem(component: PinnedRevision, runners: readonly Runner[]): Reason | null {
  const { tag, cpus, memoryGiB, gpu } = component;
  const needs = needsOf(component);
  if (runners.some((runner) => runner.overcommit || !isLargerThan(needs, runner))) return null;
  const largest = {
    cpus: Math.max(...runners.map((runner) => runner.cpus)),
    memoryGiB: (Math.max(...runners.map((runner) => runner.memoryBytes)) / GIB).toFixed(1),
  };
  const which = gpu.length === 0 ? 'the largest runner' : 'the largest runner with such a GPU';
  const message =
    `${tag} needs ${countWords(cpus, 'CPU')} and ${memoryGiB} GiB; ${which} ` +
    `has ${countWords(largest.cpus, 'CPU')} and ${largest.memoryGiB} GiB (start it with --overcommit to run it all the same)`;
  return reason('NO_FITTING_RUNNER', message, {
    component: tag,
    cpus,
    memoryGiB,
    largestCpus: largest.cpus,
    largestMemoryGiB: largest.memoryGiB,
  });
}
