import { z } from 'zod';
import { TaskStats } from '../runner.ts';
import { ATTEMPT_REASONS, TASK_KINDS, TASK_STATE_PREFIX, TASK_STATES } from '../states.ts';
import { PageQuery, Pagination, prefixedEnum, timestamp } from './common.ts';

export const Attempt = z
  .object({
    attempt: z.int(),
    assignedTo: z.string(),
    startedAt: timestamp,
    endedAt: timestamp,
    exitCode: z.int().nullable(),
    reason: z.enum(['', ...ATTEMPT_REASONS]),
    errorMessage: z.string(),
  })
  .meta({ id: 'Attempt' });
export type Attempt = z.output<typeof Attempt>;

export const Task = z
  .object({
    id: z.string(),
    jobId: z.string(),
    templateId: z.string(),
    kind: z.enum(TASK_KINDS),
    state: z.enum(TASK_STATES.map((s) => `${TASK_STATE_PREFIX}${s}` as const)),
    stateTimestamps: z.record(z.string(), z.string()),
    chunkNumber: z.int(),
    attempt: z.int(),
    assignedTo: z.string(),
    createdAt: timestamp,
    startedAt: timestamp,
    completedAt: timestamp,
    price: z.number(),
    errorMessage: z.string(),
    attempts: z.array(Attempt),
    stats: TaskStats.nullable(),
  })
  .meta({ id: 'Task' });
export type Task = z.output<typeof Task>;

export const TasksQuery = z.object({
  ...PageQuery.shape,
  state: z.array(prefixedEnum(TASK_STATES, TASK_STATE_PREFIX)).optional(),
  kind: z.array(z.enum(TASK_KINDS)).optional(),
});
export type TasksQuery = z.output<typeof TasksQuery>;

export const TaskList = z.object({ pagination: Pagination, data: z.array(Task) });
export const TaskReply = z.object({ task: Task });
