/**
 * What a runner and the server say to each other (all below `/v1/runner`, token of the runner).
 *
 * One call, `exchange`, carries reports, free capacity and a long poll. Its body and its reply are
 * messages (see message.ts): a JSON header and a tail of bytes that ranges in the header point into.
 * Times are epoch milliseconds on the server's clock, which the runner follows from `now` in the
 * replies; limits are durations, counted from when the runner sent the request.
 */
import { z } from 'zod';
import { FIRST_VERSION } from './cache-stream.ts';
import { ATTEMPT_REASONS, LOG_LEVELS, SANDBOX_TIERS, TASK_NETWORKS, TASK_KINDS } from './states.ts';

/** Largest result or chunk, in bytes, that travels inside an exchange. */
export const INLINE_LIMIT = 64 * 1024;
/** Largest exchange message in bytes; a runner sends what is over it in the next one. */
export const MESSAGE_LIMIT = 64 * 1024 * 1024;
/** Longest error message of an attempt in bytes, cut at runner and server alike. */
export const ERROR_MESSAGE_LIMIT = 4096;

/** The exit code of a runner's program that its server does not want any more: a new start would not help. */
export const RUNNER_REFUSED_EXIT = 78;

const millis = z.number();
const count = z.int().nonnegative();

/** A range of the message's tail. */
export const TailRange = z.object({ offset: count, length: count });
export type TailRange = z.infer<typeof TailRange>;

/** Longest texts that a runner tells of itself. */
const told = z.string().max(256);

export const RunnerRegistration = z.object({
  /** Unique among the runners that come with the same token. */
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
      'must be up to 128 letters, digits, ".", "_" or "-", the first a letter or digit',
    ),
  /** New at each start of the process: the older incarnation's leases end at once. */
  incarnation: z.string().regex(/^[\w-]{1,64}$/),
  /** The same at each start in one place: tells two hosts with one name apart; `''` where nobody asks. */
  instance: z
    .string()
    .regex(/^[\w-]{0,64}$/)
    .default(''),
  host: told.default(''),
  cpus: z.number().positive(),
  memoryBytes: z.number().positive(),
  /** A component that needs more than the runner has runs alone with all of it. */
  overcommit: z.boolean(),
  /** Models, one for each GPU; a task that asks for one has it alone. */
  gpus: z.array(told.min(1)).max(64).default([]),
  /** Shown to the operator. */
  labels: z.record(told, told).default({}),
  tier: z.enum(SANDBOX_TIERS),
  /** Why this tier, in words; shown to the operator and on each task. */
  tierReason: z.string(),
  /** The most that a task may reach; the host's own network keeps nobody apart. */
  network: z.enum(TASK_NETWORKS).default('host'),
  version: z.string(),
});
export type RunnerRegistration = z.infer<typeof RunnerRegistration>;

export const RunnerWelcome = z.object({
  runnerId: z.string(),
  now: millis,
  /** A lease ends this long after it was last renewed. */
  leaseMs: z.number().positive(),
  heartbeatMs: z.number().positive(),
  /** SIGTERM to SIGKILL. */
  graceMs: z.number().positive(),
});
export type RunnerWelcome = z.infer<typeof RunnerWelcome>;

/** Names one attempt; the fence is the lease, this lets a repeated report find its verdict. */
export const AttemptRef = z.object({
  job: z.int(),
  kind: z.enum(TASK_KINDS),
  run: z.int(),
  chunk: z.int(),
  attempt: z.int(),
});
export type AttemptRef = z.infer<typeof AttemptRef>;

/** Internal phases of a lease; on the wire STAGING_OUT is still TASK_STATE_RUNNING. */
export const LEASE_PHASES = ['ASSIGNED', 'RECEIVED', 'RUNNING', 'STAGING_OUT'] as const;
export type LeasePhase = (typeof LEASE_PHASES)[number];

export const PhaseReport = z.object({
  lease: z.string(),
  phase: z.enum(LEASE_PHASES),
  receivedAt: millis.nullable(),
  startedAt: millis.nullable(),
});
export type PhaseReport = z.infer<typeof PhaseReport>;

/** Lines of one attempt: the range holds JSON lines of LogLine. */
export const LogReport = TailRange.extend({
  lease: z.string(),
  ref: AttemptRef,
  from: millis,
  to: millis,
  levels: z.array(z.enum(LOG_LEVELS)),
});
export type LogReport = z.infer<typeof LogReport>;

/** One stored line: time, level, container, message. */
export const LogLine = z.object({
  t: millis,
  l: z.enum(LOG_LEVELS),
  c: z.string(),
  m: z.string(),
});
export type LogLine = z.infer<typeof LogLine>;

/** Where the bundle of a result is: in the tail, or already put to the server. */
export const ResultRef = z.union([
  z.object({ inline: TailRange, sha256: z.string() }),
  z.object({ stored: z.object({ key: z.string(), size: count, sha256: z.string() }) }),
]);
export type ResultRef = z.infer<typeof ResultRef>;

export const TaskStats = z.object({
  cpuSeconds: z.number(),
  maxMemoryBytes: z.number(),
  inputBytes: z.number(),
  outputBytes: z.number(),
  /** Waiting, until a runner had room for it. */
  queueSeconds: z.number(),
  /** From there to the start of the user's process, without transfers. */
  startSeconds: z.number(),
  /** Bringing the component and the input, and taking the results. */
  transferSeconds: z.number(),
  /** Of the user's process. */
  runSeconds: z.number(),
});
export type TaskStats = z.infer<typeof TaskStats>;

/** Runners and rows from before there were all of them have only some. */
export const ReportedStats = TaskStats.partial({ transferSeconds: true, runSeconds: true });
export type ReportedStats = z.infer<typeof ReportedStats>;

export const EndReport = z.object({
  lease: z.string(),
  ref: AttemptRef,
  outcome: z.union([
    z.object({ ok: z.literal(true), result: ResultRef }),
    z.object({
      ok: z.literal(false),
      reason: z.enum(ATTEMPT_REASONS),
      exitCode: z.int().nullable(),
      errorMessage: z.string(),
    }),
  ]),
  receivedAt: millis.nullable(),
  /** Start of the user's process; null when it never started. */
  startedAt: millis.nullable(),
  /** End of the user's process, or of the failed phase before it. */
  endedAt: millis,
  stats: ReportedStats.nullable(),
});
export type EndReport = z.infer<typeof EndReport>;

export const ExchangeRequest = z.object({
  runnerId: z.string(),
  incarnation: z.string(),
  /** How long the server may hold the call when it has nothing to grant; 0 answers at once. */
  waitMs: z.number().nonnegative(),
  /** Capacity not taken by tasks that this runner holds. */
  free: z.object({
    cpus: z.number(),
    memoryBytes: z.number(),
    /** Models of the GPUs that no task has. */
    gpus: z.array(z.string()).max(64).default([]),
  }),
  /** Nothing is held: a component larger than the runner may be granted, alone. */
  idle: z.boolean(),
  /** Tasks wanted beyond the free capacity, to be staged while others run; 0 for long tasks. */
  prefetch: count,
  phases: z.array(PhaseReport),
  logs: z.array(LogReport),
  ended: z.array(EndReport),
  /** Leases given back unstarted; they use up no attempt. */
  released: z.array(z.string()),
});
export type ExchangeRequest = z.infer<typeof ExchangeRequest>;

export const SecretGrant = z.object({
  id: z.string(),
  secretType: z.string(),
  name: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
  expiresAt: z.string().nullable(),
  params: z.record(z.string(), z.string()),
});
export type SecretGrant = z.infer<typeof SecretGrant>;

/** What all tasks of a job and kind share; grants point at it by index. */
export const TaskContext = z.object({
  jobId: z.string(),
  /** Account of the job; user caches are kept apart by (owner, component owner). */
  owner: z.string(),
  kind: z.enum(TASK_KINDS),
  component: z.object({
    id: z.string(),
    owner: z.string(),
    tag: z.string(),
    /** Base64 SHA-256 of the package, fetched from `packages/{hash as hex}`. */
    hash: z.string(),
    entrypoint: z.string(),
    image: z.string(),
    network: z.enum(['default', 'none']),
    preload: z.array(z.string()),
    readOnlyInput: z.boolean(),
  }),
  /** JSON text, never empty. */
  params: z.string(),
  numChunks: count,
  taskTimeoutMs: z.number().nullable(),
  cpus: z.number(),
  memoryBytes: z.number(),
  /** Nothing else runs on the runner meanwhile. */
  alone: z.boolean().default(false),
  /** Models, one of which the task is given a GPU of; none where it asks for none. */
  gpu: z.array(z.string()).default([]),
  secrets: z.array(SecretGrant),
  /** Versions of the caches that its tasks must find, or later ones; see cache-stream.ts. */
  caches: z
    .object({
      /** FIRST_VERSION also where the component is another account's: nobody puts files into that one's. */
      user: z.string(),
      shared: z.string(),
      /** Lets this runner list the user's cache; `''` where it has nothing to list. */
      pass: z.string(),
    })
    .default({ user: FIRST_VERSION, shared: FIRST_VERSION, pass: '' }),
});
export type TaskContext = z.infer<typeof TaskContext>;

export const Grant = z.object({
  lease: z.string(),
  ref: AttemptRef,
  taskId: z.string(),
  context: count,
  /** Original relative name of the chunk; `""` for engines. */
  chunkName: z.string(),
  queueSeconds: z.number(),
  /** What the attempt's log says first. */
  notes: z.array(z.string()).default([]),
  /** An APP task's data.bin lies in the tail; everything else is streamed from `leases/{lease}/input`. */
  input: z.union([z.object({ inline: TailRange }), z.object({ streamBytes: count })]),
});
export type Grant = z.infer<typeof Grant>;

/**
 * committed: the results are the task's. superseded: another attempt committed first.
 * ended: the attempt's end is recorded (failed, aborted, or its lease was given away before).
 */
export const VERDICTS = ['committed', 'superseded', 'ended'] as const;
export type Verdict = (typeof VERDICTS)[number];

export const ExchangeReply = z.object({
  now: millis,
  contexts: z.array(TaskContext),
  grants: z.array(Grant),
  verdicts: z.array(z.object({ lease: z.string(), verdict: z.enum(VERDICTS) })),
  /** Leases that no longer exist: stop their tasks. */
  kill: z.array(z.string()),
});
export type ExchangeReply = z.infer<typeof ExchangeReply>;

/** Renews the leases that are named, and learns which of them are gone. */
export const HeartbeatRequest = z.object({
  runnerId: z.string(),
  incarnation: z.string(),
  leases: z.array(z.string()),
  phases: z.array(PhaseReport),
});
export type HeartbeatRequest = z.infer<typeof HeartbeatRequest>;

export const HeartbeatReply = z.object({ now: millis, kill: z.array(z.string()) });
export type HeartbeatReply = z.infer<typeof HeartbeatReply>;

/** Reply to `PUT leases/{lease}/result`; goes into the end report as `stored`. */
export const StoredResult = z.object({ key: z.string(), size: count, sha256: z.string() });
export type StoredResult = z.infer<typeof StoredResult>;
