import { z } from 'zod';
import { wireTraits } from '../decode.ts';
import {
  FAILURE_REASONS,
  JOB_STATE_PREFIX,
  JOB_STATES,
  LOG_LEVELS,
  PRIORITIES,
  PRIORITY_PREFIX,
} from '../states.ts';
import { anyJson, Empty, Pagination, prefixedEnum, timestamp, userObject } from './common.ts';
import { DataSource, DataSourceInput } from './data-source.ts';

/** Own ids: letters, digits, `. _ -`; never `.` or `..`, and no word that routes use; `""` is unset. */
export const OwnJobId = z
  .string()
  .regex(
    /^(?:[A-Za-z0-9][A-Za-z0-9._-]{0,127})?$/,
    'must be at most 128 letters, digits, ".", "_" or "-", the first a letter or digit',
  );

const seconds = z
  .number()
  .min(0)
  .max(10 * 366 * 86_400);
/** Exit codes and reasons in one list; numbers may come as strings. */
const outcomes = z.array(z.union([z.number(), z.string()])).max(64);

export const JobConfigInput = z
  .object({
    taskTimeout: seconds.optional(),
    jobTimeout: seconds.optional(),
    isTestJob: z.boolean().optional(),
    maxTaskRetries: z.int().min(0).max(100).optional(),
    allowEmpty: z.boolean().optional(),
    toleratedFailures: z.union([z.string(), z.number()]).optional(),
    speculation: z.boolean().optional(),
    retryOn: outcomes.optional(),
    failOn: outcomes.optional(),
    priority: prefixedEnum(PRIORITIES, PRIORITY_PREFIX)
      .optional()
      .describe(
        'Order of the jobs of one user; may be changed until the job has ended (extension)',
      ),
  })
  .meta({ id: 'JobConfigInput' });
export type JobConfigInput = z.output<typeof JobConfigInput>;

export const JobConfig = z
  .object({
    taskTimeout: z.number(),
    jobTimeout: z.number(),
    isTestJob: z.boolean(),
    maxTaskRetries: z.int(),
    allowEmpty: z.boolean(),
    toleratedFailures: z.string(),
    speculation: z.boolean(),
    retryOn: z.array(z.string()),
    failOn: z.array(z.string()),
  })
  .meta({ id: 'JobConfig' });
export type JobConfig = z.output<typeof JobConfig>;

export const ParamsInput = z
  .object({
    preset: z.string().optional(),
    partitioner: userObject().optional(),
    app: userObject().optional(),
    assembler: userObject().optional(),
  })
  .meta({ id: 'AppParamsInput' });
export type ParamsInput = z.output<typeof ParamsInput>;

export const AppParams = z
  .object({
    preset: z.string(),
    partitioner: userObject(),
    assembler: userObject(),
    app: userObject(),
  })
  .meta({ id: 'AppParams' });

export const CreateJobInput = z
  .object({
    templateId: z.string().optional(),
    app: z.string().optional(),
    partitioner: z.string().optional(),
    assembler: z.string().optional(),
    name: z.string().max(1024).optional(),
    description: z.string().max(16_384).optional(),
    jobId: OwnJobId.optional(),
    dataSource: DataSourceInput.optional(),
    dataDestination: DataSourceInput.optional(),
    params: ParamsInput.optional(),
    config: JobConfigInput.optional(),
    priority: prefixedEnum(PRIORITIES, PRIORITY_PREFIX).optional(),
    run: z.boolean().optional(),
  })
  .meta({ id: 'CreateJobRequest' });
export type CreateJobInput = z.output<typeof CreateJobInput>;

export const UpdateDataSourceInput = z.object({
  dataSource: DataSourceInput.optional(),
  dataDestination: DataSourceInput.optional(),
});

export const JobNameInput = z
  .object({ name: z.string().max(1024) })
  .register(wireTraits, { bare: 'name' });

/** A JobConfig, flat or as `{"config": JobConfig}`. */
export const ConfigBody = z
  .object(JobConfigInput.shape)
  .register(wireTraits, { wrapper: 'config' });

export const TemplateInfo = z
  .object({
    id: z.string(),
    owner: z.string(),
    description: z.string(),
    app: z.string(),
    partitioner: z.string(),
    assembler: z.string(),
  })
  .meta({ id: 'TemplateInfo' });
export type TemplateInfo = z.output<typeof TemplateInfo>;

export const PinnedComponent = z
  .object({ tag: z.string(), id: z.string(), revision: z.int(), hash: z.string() })
  .meta({ id: 'PinnedComponent' });
export type PinnedComponent = z.output<typeof PinnedComponent>;

const Regions = z.object({ blacklist: z.array(z.string()), whitelist: z.array(z.string()) });

export const Job = z
  .object({
    id: z.string(),
    templateId: z.string(),
    name: z.string(),
    description: z.string(),
    config: JobConfig,
    priority: z.string(),
    state: z.enum(JOB_STATES.map((s) => `${JOB_STATE_PREFIX}${s}` as const)),
    createdAt: timestamp,
    submittedAt: timestamp,
    startedAt: timestamp,
    endedAt: timestamp,
    startAt: timestamp.describe('Always null'),
    deletedAt: timestamp.describe('Always null'),
    regions: Regions.nullable().describe('Always null'),
    dataSource: DataSource.nullable(),
    dataDestination: DataSource.nullable(),
    params: AppParams,
    duration: z.number(),
    paymentAmount: z.number(),
    numUnitsEstimation: z.string(),
    numChunks: z.int(),
    errorMessage: z.string(),
    stateTimestamps: z.record(z.string(), z.string()),
    appId: z.string(),
    templateInfo: TemplateInfo,
    failureReason: z.enum(FAILURE_REASONS),
    failedChunks: z.int(),
    waitingReason: z.string(),
    taskCounts: z.record(z.string(), z.int()),
    pinned: z
      .object({
        app: PinnedComponent.nullable(),
        partitioner: PinnedComponent.nullable(),
        assembler: PinnedComponent.nullable(),
      })
      .nullable(),
  })
  .meta({ id: 'Job' });
export type Job = z.output<typeof Job>;

export const JobReply = z.object({ job: Job, templateInfo: TemplateInfo }).meta({ id: 'JobReply' });
export const JobList = z.object({ pagination: Pagination, data: z.array(Job) });

/** `jobsIds` is how the contract spells it. */
export const RunningTasksInput = z
  .object({ jobsIds: z.array(z.string()).max(1000) })
  .register(wireTraits, { spellings: { jobsIds: ['jobIds'] } });
export type RunningTasksInput = z.output<typeof RunningTasksInput>;

export const RunningTasksReply = z.object({ jobsRunningTasks: z.record(z.string(), z.int()) });

export const ResultsReply = z.object({
  results: z.array(z.object({ name: z.string(), link: z.string() })),
});

export const LogsInput = z.object({
  jobId: z.string(),
  taskIds: z.array(z.string()).optional(),
  levels: z.array(z.enum(LOG_LEVELS)).optional(),
  services: z.array(z.string()).optional(),
  since: z.string().optional(),
  until: z.string().optional(),
  limit: z.int().min(0).optional(),
  after: z
    .string()
    .meta({
      description:
        'All lines from the oldest on, page by page in the order in which they were stored: `0` for the first ' +
        'page, then the `next` of the page before. A page may be short, and even empty, before the last one.',
    })
    .optional(),
});
export type LogsInput = z.output<typeof LogsInput>;

export const WireLogLine = z
  .object({
    log: z.string(),
    timestamp: z.string(),
    level: z.enum(LOG_LEVELS),
    container: z.string(),
  })
  .meta({ id: 'LogLine' });
export type WireLogLine = z.output<typeof WireLogLine>;

export const LogsReply = z.object({
  partitioner: z.array(WireLogLine),
  assembler: z.array(WireLogLine),
  taskrunner: z.record(z.string(), z.object({ logs: z.array(WireLogLine) })),
  next: z
    .string()
    .meta({
      description: 'Only in a reply to `after`: where the next page begins; empty on the last one.',
    })
    .optional(),
});

export const EventsQuery = z.object({
  jobId: z.string().optional(),
  events: z.array(z.string()).optional(),
  lastEventId: z.string().optional(),
});

export const EVENT_NAMES = ['job.updated', 'task.updated', 'log.appended'] as const;
export type EventName = (typeof EVENT_NAMES)[number];

export const EventEnvelope = z.object({
  result: z.object({ event: z.enum(EVENT_NAMES), id: z.string(), data: anyJson() }),
});

/** Deprecated: nothing is counted. */
export const StatsReply = z.object({ stats: Empty });

export const RetryInput = z
  .object({
    config: JobConfigInput.optional(),
    chunks: z.string().max(16_384).optional(),
    useLatest: z.boolean().optional(),
  })
  .meta({ id: 'RetryJobRequest' });
export type RetryInput = z.output<typeof RetryInput>;

/** What can keep a job or a task from running. */
export const EXPLAIN_CODES = [
  'DRAFT',
  'ENDED',
  'RUNNING',
  'SERVER',
  'BACKOFF',
  'DELIVERY',
  'DISK_FULL',
  'NO_RUNNER',
  'NO_FITTING_RUNNER',
  'USER_LIMIT',
  'QUEUE',
  'RUNNERS_BUSY',
] as const;
export type ExplainCode = (typeof EXPLAIN_CODES)[number];

export const ExplainQuery = z.object({
  taskId: z.string().optional().describe('Explains one task of the job'),
});
export type ExplainQuery = z.output<typeof ExplainQuery>;

export const ExplainReply = z
  .object({
    state: z.string(),
    summary: z.string().describe('The most important reason'),
    reasons: z.array(
      z.object({
        code: z.enum(EXPLAIN_CODES),
        message: z.string(),
        details: z.record(z.string(), z.string()),
      }),
    ),
    queue: z.object({
      position: z
        .int()
        .describe('1 has the next turn; 0 where nothing of the job waits for a runner'),
      ahead: z.object({
        ownJobs: z.int(),
        ownTasks: z.int(),
        otherUsers: z.int().describe('Users whose turn comes first; then it is shared'),
      }),
    }),
    eta: z.object({
      seconds: z.int().nullable().describe('null where there is nothing to tell it from'),
      basis: z.string(),
    }),
  })
  .meta({ id: 'Explanation' });
export type ExplainReply = z.output<typeof ExplainReply>;
