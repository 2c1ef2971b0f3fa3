/** The environment of a task: exactly contract 8.2, and nothing of the runner's own. */
import { dirname } from 'node:path';
import {
  secretVariables,
  type Grant,
  type SecretGrant,
  type TaskContext,
} from '@bytenite/contract';
import type { AttemptPaths } from './attempt-folder.ts';
import { PerSlot } from './per-slot.ts';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export interface CacheDirs {
  shared: string;
  user: string;
}

/**
 * Environments of the tasks of one slot. User variables (secrets) overrule the base, the contract's
 * variables overrule both. What all tasks of a context share is put together once.
 */
export function taskEnvironment(
  grant: Grant,
  context: TaskContext,
  paths: AttemptPaths,
  caches: CacheDirs,
  { interpreter, gpus }: { interpreter: string; gpus: string | null },
): Record<string, string> {
  const variables = shared.get(context, paths, () => ({
    ...baseVariables(paths, interpreter),
    ...variablesOf(context.secrets),
    ...kindVariables(context, paths),
    JOB_ID: context.jobId,
    SHARED_CACHE_DIR: caches.shared,
    USER_CACHE_DIR: caches.user,
    SECRETS: JSON.stringify(context.secrets.map(presentSecret)),
  }));
  const own = {
    TASK_ID: grant.taskId,
    ATTEMPT: String(grant.ref.attempt),
    ...(gpus !== null && { CUDA_VISIBLE_DEVICES: gpus }),
  };
  if (context.kind !== 'APP') return { ...variables, ...own };
  const chunk = { CHUNK_NUMBER: String(grant.ref.chunk), CHUNK_NAME: grant.chunkName };
  return { ...variables, ...own, ...chunk };
}

const shared = new PerSlot<Record<string, string>>();

/** What every task has, and what does not change between the tasks of a slot. */
export function baseVariables(paths: AttemptPaths, interpreter: string): Record<string, string> {
  const folder = dirname(interpreter);
  const known = SYSTEM_PATH.split(':').includes(folder);
  return {
    PATH: known ? SYSTEM_PATH : `${folder}:${SYSTEM_PATH}`,
    HOME: paths.tmp,
    TMPDIR: paths.tmp,
    LANG: 'C.UTF-8',
    // Lines are seen while the task runs; the component's folder is read-only.
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  };
}

function kindVariables(context: TaskContext, paths: AttemptPaths): Record<string, string> {
  const params = context.params.trim() === '' ? '{}' : context.params;
  switch (context.kind) {
    case 'PARTITIONER':
      return { SOURCE_DIR: paths.input, CHUNKS_DIR: paths.output, PARTITIONER_PARAMS: params };
    case 'APP':
      return {
        TASK_DIR: paths.input,
        TASK_RESULTS_DIR: paths.output,
        APP_PARAMS: params,
        NUM_CHUNKS: String(context.numChunks),
      };
    case 'ASSEMBLER':
      return {
        TASK_RESULTS_DIR: paths.input,
        RESULTS_DIR: paths.input,
        OUTPUT_DIR: paths.output,
        MANIFEST: paths.manifest,
        ASSEMBLER_PARAMS: params,
        NUM_CHUNKS: String(context.numChunks),
      };
  }
}

function variablesOf(secrets: readonly SecretGrant[]): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const secret of secrets) {
    for (const [name, field] of secretVariables(secret.id)) variables[name] = secret[field];
  }
  return variables;
}

function presentSecret(secret: SecretGrant): SecretGrant {
  const { id, secretType, expiresAt, accessKey, params, name, secretKey } = secret;
  return { id, secretType, expiresAt, accessKey, params, name, secretKey };
}
