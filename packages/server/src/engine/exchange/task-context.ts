import {
  findGpu,
  FIRST_VERSION,
  type SecretGrant,
  type TaskContext,
  type TaskKind,
} from '@bytenite/contract';
import type { Needs } from '../../domain/fair-share.ts';
import type { PinnedRevision } from '../../domain/job-doc.ts';
import { isLargerThan, type TaskNeeds } from '../../domain/share-out.ts';
import type { JobRow } from '../../store/tables.ts';
import { COMPONENT_OF_KIND, componentOf, type JobPolicy } from '../job-policy.ts';
import type { Runner } from '../runners.ts';

const GIB = 1024 ** 3;

export function needsOf({ cpus, memoryGiB, gpu }: PinnedRevision): TaskNeeds {
  return { cpus, memoryBytes: memoryGiB * GIB, gpu };
}

/** Whether a runner could run a component if it had nothing else to do. */
export function canRun(runner: Runner, component: PinnedRevision, needs: Needs): boolean {
  const hasGpu = component.gpu.length === 0 || findGpu(runner.gpus, component.gpu) !== null;
  if (!hasGpu || !closesNetwork(runner, component)) return false;
  return runner.overcommit || !isLargerThan(needs, runner);
}

/** Whether tasks of a component that asks for no network have none there. */
export function closesNetwork({ tier }: Runner, { network }: PinnedRevision): boolean {
  return network !== 'none' || tier !== 'process';
}

/** What all tasks of a job and kind share, as a runner needs it. */
export function taskContext(
  job: JobRow,
  policy: JobPolicy,
  kind: TaskKind,
  secrets: SecretGrant[],
): TaskContext {
  const component = componentOf(policy, kind);
  const { taskTimeout } = policy.config;
  return {
    jobId: job.id,
    owner: job.account,
    kind,
    component: {
      id: component.id,
      owner: component.owner,
      tag: component.tag,
      hash: component.hash,
      entrypoint: component.entrypoint,
      image: component.image,
      network: component.network ?? 'default',
      preload: component.preload ?? [],
      readOnlyInput: component.readOnlyInput ?? false,
    },
    params: policy.params[COMPONENT_OF_KIND[kind]],
    numChunks: kind === 'PARTITIONER' ? 0 : job.num_chunks,
    taskTimeoutMs: kind === 'APP' && taskTimeout > 0 ? taskTimeout * 1000 : null,
    ...needsOf(component),
    alone: false,
    gpu: component.gpu,
    secrets,
    // Named when the task is granted.
    caches: { user: FIRST_VERSION, shared: FIRST_VERSION, pass: '' },
  };
}
