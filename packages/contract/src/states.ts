/** The contract's words for states and reasons, each list written once. */

/** Job states in the order a job passes through them. FAILED can follow any state after NEW. */
export const JOB_STATES = [
  'NEW',
  'STARTED',
  'UPLOADING',
  'PARTITIONING',
  'PARTITIONED',
  'TASKS_COMPLETED',
  'MERGING',
  'MERGED',
  'DOWNLOADING',
  'COMPLETE',
  'FAILED',
] as const;
export type JobState = (typeof JOB_STATES)[number];

/** States that no transition leaves (a retry starts a new run). */
export const TERMINAL_JOB_STATES = ['COMPLETE', 'FAILED'] as const satisfies readonly JobState[];

export const JOB_STATE_PREFIX = 'JOB_STATE_';

export const TASK_STATES = [
  'SCHEDULED',
  'ASSIGNED',
  'RECEIVED',
  'RUNNING',
  'COMPLETED',
  'FAILED',
  'ABORTED',
] as const;
export type TaskState = (typeof TASK_STATES)[number];

export const TASK_STATE_PREFIX = 'TASK_STATE_';

export const TASK_KINDS = ['PARTITIONER', 'APP', 'ASSEMBLER'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/** Why an attempt ended without committing. */
export const ATTEMPT_REASONS = [
  'EXIT_NONZERO',
  'TIMEOUT',
  'OUT_OF_MEMORY',
  'WORKER_LOST',
  'IMAGE_PULL_FAILED',
  'INPUT_FAILED',
  'OUTPUT_FAILED',
  'SUPERSEDED',
  'QUARANTINED',
  'ABORTED',
  'INTERNAL',
] as const;
export type AttemptReason = (typeof ATTEMPT_REASONS)[number];

export const FAILURE_REASONS = [
  'NONE',
  'ABORTED',
  'JOB_TIMEOUT',
  'TASK_FAILED',
  'PARTITIONER_FAILED',
  'ASSEMBLER_FAILED',
  'DATA_SOURCE',
  'DATA_DESTINATION',
  'NO_CHUNKS',
  'INTERNAL',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const PRIORITIES = ['UNDEFINED', 'CHEAP', 'BALANCED', 'FAST'] as const;
export type Priority = (typeof PRIORITIES)[number];

export const PRIORITY_PREFIX = 'EXECUTION_PRIORITY_';

export const LOG_LEVELS = [
  'UNKNOWN',
  'TRACE',
  'DEBUG',
  'INFO',
  'WARN',
  'ERROR',
  'FATAL',
  'PANIC',
] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a filter call compares a field with a value; the first is the default. */
export const FILTER_CONDITIONS = [
  'EQ',
  'NEQ',
  'GT',
  'GTE',
  'LT',
  'LTE',
  'ARRAY_CONTAINS',
  'ARRAY_CONTAINS_ANY',
  'IN',
  'NOT_IN',
  'LIKE',
] as const;
export type FilterCondition = (typeof FILTER_CONDITIONS)[number];

export const FILTER_CONDITION_PREFIX = 'FILTER_CONDITION_';

/** Isolation of one task, from the weakest; `null` runs nothing and serves measurements. */
export const SANDBOX_TIERS = ['null', 'process', 'namespace', 'container'] as const;
export type SandboxTier = (typeof SANDBOX_TIERS)[number];

/** What tasks reach: all that the host does, only what lies outside of it, or nothing. */
export const TASK_NETWORKS = ['host', 'egress', 'none'] as const;
export type TaskNetwork = (typeof TASK_NETWORKS)[number];

export const ENGINE_TYPES = ['partitioner', 'assembler'] as const;
export type EngineType = (typeof ENGINE_TYPES)[number];

export const COMPONENT_TYPES = ['app', ...ENGINE_TYPES] as const;
export type ComponentType = (typeof COMPONENT_TYPES)[number];

/** Whose cache: the caller's own, or the one of all. */
export const CACHE_SCOPES = ['user', 'shared'] as const;
export type CacheScope = (typeof CACHE_SCOPES)[number];
