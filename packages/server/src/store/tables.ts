/** The columns, once. Times are epoch milliseconds, prices integers of 1e-8 ByteChip, JSON is text. */
import type {
  AttemptReason,
  FailureReason,
  JobState,
  LeasePhase,
  Priority,
  TaskKind,
  TransactionType,
} from '@bytenite/contract';
import type { Generated, Insertable, Selectable } from 'kysely';

export interface AccountTable {
  id: string;
  user_name: string;
  role: string;
  disabled: number;
  /** The user's own fields: AccountDoc. */
  doc: string;
  created_at: number;
  last_login_at: number | null;
  /** The account's own limits, JSON; null where those of all hold. */
  limits: Generated<string | null>;
}

/** What accounts had of the machines, decayed to a time. */
export interface UsageTable {
  account: string;
  amount: number;
  at: number;
}

export interface ApiKeyTable {
  id: string;
  account: string;
  name: string;
  /** Hex SHA-256 of the key. */
  hash: string;
  fingerprint: string;
  issued_at: number;
  expires_at: number;
  revoked_at: number | null;
  /** Written at most once a minute. */
  last_used_at: number | null;
}

export interface AccessTokenTable {
  hash: string;
  account: string;
  api_key: string;
  expires_at: number;
}

/** What an account's secrets are encrypted with. */
export interface DataKeyTable {
  account: string;
  /** Id of the master key that encrypted it. */
  master: string;
  wrapped: string;
}

export interface SecretTable {
  account: string;
  id: string;
  type: string;
  name: string;
  /** SecretContent, sealed by the vault. */
  sealed: string;
  expires_at: number | null;
  updated_at: number;
}

/** One name and version of an app or engine; its contents are revisions. */
export interface ComponentTable {
  id: string;
  account: string;
  /** Apps and engines are two name spaces. */
  family: 'app' | 'engine';
  type: 'app' | 'partitioner' | 'assembler';
  name: string;
  major: number;
  minor: number;
  is_public: number;
  created_at: number;
  deleted_at: number | null;
}

export interface RevisionTable {
  component: string;
  revision: number;
  status: 'active' | 'inactive';
  /** Base64 SHA-256 of the canonical tar. */
  hash: string;
  blob_key: string;
  size_bytes: number;
  /** Manifest as understood, JSON. */
  manifest: string;
  /** Source text of schema.json. */
  schema: string | null;
  created_at: number;
  /** The manifest's registry token, sealed; null without one. */
  token: string | null;
  /** The component that an import copied; null for what was pushed. */
  origin: string | null;
}

export interface TemplateTable {
  account: string;
  id: string;
  is_public: number;
  /** TemplateDoc without params, JSON. */
  doc: string;
  params_partitioner: string;
  params_app: string;
  params_assembler: string;
  created_at: number;
  updated_at: number;
}

/** The narrow row that transitions lock and counters live in. */
export interface JobTable {
  no: Generated<number>;
  /** The wire's id; may come back after a deletion, so nothing else points at it. */
  id: string;
  uuid: string;
  account: string;
  template_id: string;
  name: string;
  state: JobState;
  run: number;
  num_chunks: number;
  /** Next chunk that was never claimed. */
  cursor: number;
  committed: number;
  failed: number;
  price: number;
  data_state: 'kept' | 'expired';
  failure_reason: FailureReason;
  error_message: string;
  /** State name to time of last entry, JSON. */
  state_times: string;
  created_at: number;
  submitted_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  /** submitted_at + jobTimeout. */
  deadline_at: number | null;
  /** What of the price is booked. */
  paid: Generated<number>;
  /** When nobody can be delivering what an earlier run was cut off from any more. */
  deliver_after: number;
  priority: Generated<Priority>;
}

/** What is wide or seldom read. */
export interface JobDocTable {
  no: number;
  description: string;
  /** Tags of the job itself; null takes the template's. */
  app: string | null;
  partitioner: string | null;
  assembler: string | null;
  /** The template as it was at creation: TemplateSnapshot, JSON; null without one. */
  template: string | null;
  template_params: string | null;
  config: string;
  data_source: string | null;
  data_destination: string | null;
  params_partitioner: string | null;
  params_app: string | null;
  params_assembler: string | null;
  /** PinnedComponents, JSON; null until started. */
  pinned: string | null;
}

/** Clustered by its key, no other index: inserting and claiming cost the same at any size. */
export interface TaskTable {
  job: number;
  kind: TaskKind;
  run: number;
  chunk: number;
  state: Generated<'open' | 'committed' | 'failed'>;
  /** Attempts that ended. */
  attempts: Generated<number>;
  retries: Generated<number>;
  losses: Generated<number>;
  name: Generated<string>;
  source_key: string | null;
  source_offset: Generated<number>;
  source_length: Generated<number>;
  result_key: string | null;
  result_offset: Generated<number>;
  result_length: Generated<number>;
  result_sha: string | null;
  /** The attempt that committed. */
  winner: number | null;
  runner: Generated<string>;
  assigned_at: number | null;
  received_at: number | null;
  started_at: number | null;
  ended_at: number | null;
  reason: Generated<AttemptReason | ''>;
  error_message: Generated<string>;
  price: Generated<number>;
  stats: string | null;
  created_at: number;
}

/** Open tasks that wait outside the cursor: engine tasks, retries (ready later), leases given back. */
export interface ReadyTable {
  job: number;
  kind: TaskKind;
  run: number;
  chunk: number;
  attempt: number;
  ready_at: number;
  /** Memory that an earlier attempt showed to be wanted; 0 where the component says how much. */
  memory_bytes: Generated<number>;
  /** 1 where its runner must have nothing else to do. */
  alone: Generated<number>;
}

/** The live attempt. RECEIVED and RUNNING exist only here. */
export interface LeaseTable {
  id: string;
  job: number;
  kind: TaskKind;
  run: number;
  chunk: number;
  attempt: number;
  runner: string;
  incarnation: string;
  account: string;
  phase: LeasePhase;
  cpus: number;
  memory_bytes: number;
  assigned_at: number;
  received_at: number | null;
  started_at: number | null;
  deadline_at: number;
  /** started_at + taskTimeout + 30 s: no renewal goes past it. */
  limit_at: number | null;
  /** As in `ready`. */
  raised_bytes: number;
  alone: number;
}

/** Ended attempts that did not commit. */
export interface AttemptTable {
  job: number;
  kind: TaskKind;
  run: number;
  chunk: number;
  attempt: number;
  runner: string;
  started_at: number | null;
  ended_at: number;
  exit_code: number | null;
  reason: AttemptReason;
  error_message: string;
}

/** A stage that the server runs itself. */
export interface StepTable {
  job: number;
  run: number;
  name: StepName;
  /** Process that runs it; `""` while nobody does. */
  owner: string;
  fence: number;
  deadline_at: number;
  /** What the stage before hands on, such as the key of an index. */
  input: string;
  tries: number;
  ready_at: number;
}
export type StepName = 'source' | 'chunks' | 'collect' | 'deliver';

export interface UploadTable {
  job: number;
  key: string | null;
  name: string;
  size_bytes: number;
  sha256: string;
  state: 'open' | 'received' | 'completed';
}

export interface OutputTable {
  job: number;
  run: number;
  path: string;
  key: string;
  offset: number;
  length: number;
}

export interface EventTable {
  id: Generated<number>;
  account: string;
  job: number;
  at: number;
  type: 'job' | 'task' | 'log';
  body: string;
}

export interface LogPackTable {
  job: number;
  n: number;
  account: string;
  from_at: number;
  to_at: number;
  /** Bits of LOG_LEVELS, of TASK_KINDS. */
  levels: number;
  kinds: number;
  chunk_from: number;
  chunk_to: number;
  key: string;
  length: number;
}

/** Keeps a revision's package while a job can still run it. */
export interface PinTable {
  job: number;
  component: string;
  revision: number;
}

/** Blobs to delete, written in the transaction that made them dead. */
export interface GcTable {
  id: Generated<number>;
  prefix: string;
  not_before: number;
}

/** One transaction of the book: an amount from one account to another. Never changed, never deleted. */
export interface LedgerTable {
  /** Without a gap, from 1. */
  no: number;
  id: string;
  created_at: number;
  type: TransactionType;
  account_from: string;
  account_to: string;
  amount: number;
  description: string;
  notes: string;
  /** What it was for, as it was called at the time: a job, a coupon. */
  entity_id: string;
  entity_name: string;
  template: string;
  /** Internal number of the job that was paid, and which of its runs. */
  job: number | null;
  run: number | null;
  /** Of all of this and the hash before it. */
  hash: string;
}

/** What a transaction did to one of its two accounts; the entries of all accounts sum to zero. */
export interface LedgerEntryTable {
  account: string;
  no: number;
  amount: number;
  /** After it. */
  balance: number;
}

/** The sum of an account's entries. */
export interface WalletTable {
  account: string;
  balance: number;
}

export interface CouponTable {
  id: string;
  /** In capitals. */
  code: string;
  amount: number;
  max_uses: number;
  uses: number;
  notes: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
}

/** Who has redeemed a coupon, and by which transaction. */
export interface RedemptionTable {
  coupon: string;
  account: string;
  no: number;
}

/** A call with an Idempotency-Key and the reply that repeats get; written with the call's effect. */
export interface IdemTable {
  account: string;
  path: string;
  key: string;
  body_hash: string;
  reply: string;
  created_at: number;
}

/** What runners of other hosts join with. */
export interface RunnerTokenTable {
  id: string;
  /** Of those that are not revoked, no two have the same. */
  name: string;
  /** Hex SHA-256 of the token. */
  hash: string;
  fingerprint: string;
  created_at: number;
  revoked_at: number | null;
}

/** A runner, as it told of itself and as the operator wants it. */
export interface RunnerTable {
  id: string;
  /** Id of the token that it came with; `""` for the platform's own. */
  token: string;
  incarnation: string;
  instance: string;
  /** RunnerRegistration, JSON. */
  facts: string;
  registered_at: number;
  /** Written every few seconds, not with each message. */
  seen_at: number;
  draining: number;
  drain_reason: string;
}

/** A cache that files were put into or removed from: an account's, by its id, or `shared`. */
export interface CacheTable {
  id: string;
  /** Of the last change; with its token it is the cache's version. */
  revision: number;
  token: string;
  size_bytes: number;
  files: number;
}

/** A file that was put into a cache. */
export interface CacheFileTable {
  cache: string;
  path: string;
  /** The change that put it there. */
  revision: number;
  key: string;
  size_bytes: number;
  sha256: string;
}

/** The last changes of a cache: runners follow them, and tell by the token that they know this history. */
export interface CacheChangeTable {
  cache: string;
  revision: number;
  token: string;
  /** What was removed, `''` for all; null where a file was put. */
  removed: string | null;
}

/** What lies in an account's cache on a runner, as the runner has told. */
export interface CacheListingTable {
  account: string;
  runner: string;
  /** The version that the runner had then. */
  version: string;
  /** Paths and sizes, JSON. */
  files: string;
  is_cut: number;
  listed_at: number;
}

/** Small facts about the installation, such as the key that signs links. */
export interface MetaTable {
  key: string;
  value: string;
}

export interface Tables {
  account: AccountTable;
  usage: UsageTable;
  api_key: ApiKeyTable;
  access_token: AccessTokenTable;
  data_key: DataKeyTable;
  secret: SecretTable;
  component: ComponentTable;
  revision: RevisionTable;
  template: TemplateTable;
  job: JobTable;
  job_doc: JobDocTable;
  task: TaskTable;
  ready: ReadyTable;
  lease: LeaseTable;
  attempt: AttemptTable;
  step: StepTable;
  upload: UploadTable;
  output: OutputTable;
  event: EventTable;
  log_pack: LogPackTable;
  pin: PinTable;
  gc: GcTable;
  ledger: LedgerTable;
  ledger_entry: LedgerEntryTable;
  wallet: WalletTable;
  coupon: CouponTable;
  redemption: RedemptionTable;
  idem: IdemTable;
  runner_token: RunnerTokenTable;
  runner: RunnerTable;
  cache: CacheTable;
  cache_file: CacheFileTable;
  cache_change: CacheChangeTable;
  cache_listing: CacheListingTable;
  meta: MetaTable;
}

export type JobRow = Selectable<JobTable>;
export type JobDocRow = Selectable<JobDocTable>;
export type TaskRow = Selectable<TaskTable>;
export type ReadyRow = Selectable<ReadyTable>;
export type NewReady = Insertable<ReadyTable>;
export type LeaseRow = Selectable<LeaseTable>;
export type NewLease = Insertable<LeaseTable>;
export type AttemptRow = Selectable<AttemptTable>;
export type StepRow = Selectable<StepTable>;
export type ComponentRow = Selectable<ComponentTable>;
export type RevisionRow = Selectable<RevisionTable>;
export type TemplateRow = Selectable<TemplateTable>;
export type DataKeyRow = Selectable<DataKeyTable>;
export type SecretRow = Selectable<SecretTable>;
export type ApiKeyRow = Selectable<ApiKeyTable>;
export type AccountRow = Selectable<AccountTable>;
export type RunnerRow = Selectable<RunnerTable>;
export type RunnerTokenRow = Selectable<RunnerTokenTable>;
export type LedgerRow = Selectable<LedgerTable>;
export type CouponRow = Selectable<CouponTable>;
export type CacheRow = Selectable<CacheTable>;
export type CacheFileRow = Selectable<CacheFileTable>;
