/** What does not change any more once a job has started, read once per job and process. */
import { type ComponentType, type JobConfig, type TaskKind } from '@bytenite/contract';
import { LRUCache } from 'lru-cache';
import {
  effectiveConfig,
  effectiveDestination,
  effectiveParams,
  effectiveSource,
  type Pinned,
  type PinnedRevision,
} from '../domain/job-doc.ts';
import type { StoredDataSource } from '../domain/data-source.ts';
import { readJobDoc } from '../store/jobs.ts';
import type { Db } from '../store/store.ts';

export interface JobPolicy {
  config: JobConfig;
  pinned: Pinned;
  params: Record<ComponentType, string>;
  source: StoredDataSource | null;
  destination: StoredDataSource | null;
}

export const COMPONENT_OF_KIND = {
  PARTITIONER: 'partitioner',
  APP: 'app',
  ASSEMBLER: 'assembler',
} as const satisfies Record<TaskKind, ComponentType>;

const policies = new WeakMap<object, LRUCache<string, JobPolicy>>();

/** The policy of a started job; `owner` is the store the job lives in. */
export async function policyOf(owner: object, db: Db, no: number, run: number): Promise<JobPolicy> {
  let cache = policies.get(owner);
  if (cache === undefined) policies.set(owner, (cache = new LRUCache({ max: 1000 })));
  const key = `${no}/${run}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const policy = await readPolicy(db, no);
  cache.set(key, policy);
  return policy;
}

async function readPolicy(db: Db, no: number): Promise<JobPolicy> {
  const doc = await readJobDoc(db, no);
  if (doc.pinned === null) throw new Error(`job ${no} has not been started`);
  return {
    config: effectiveConfig(doc),
    pinned: doc.pinned,
    params: {
      partitioner: effectiveParams(doc, 'partitioner').text,
      app: effectiveParams(doc, 'app').text,
      assembler: effectiveParams(doc, 'assembler').text,
    },
    source: effectiveSource(doc),
    destination: effectiveDestination(doc),
  };
}

/** The component that a task of this kind runs; throws where the stage is a passthrough. */
export function componentOf(policy: JobPolicy, kind: TaskKind): PinnedRevision {
  const component = policy.pinned[COMPONENT_OF_KIND[kind]];
  if (component === null) throw new Error(`${kind} is a passthrough and has no tasks`);
  return component;
}
