import { notFound, type Pagination, type TasksQuery } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseTaskId } from '../../domain/task-id.ts';
import { findTaskRecord, listTasks as listRows, TASK_ORDERS } from '../../store/task-list.ts';
import type { TaskRecord } from '../../store/task-list.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { orderOf, pageOf, paginationOf } from '../page.ts';
import { jobOf } from './draft.ts';

export interface TaskView extends TaskRecord {
  job: JobRow;
}

export async function listTasks(
  ctx: Context,
  account: Account,
  jobId: string,
  query: TasksQuery,
): Promise<{ pagination: Pagination; tasks: TaskView[] }> {
  const job = await jobOf(ctx, account, jobId);
  const page = pageOf(query);
  const order = orderOf(query.orderBy, TASK_ORDERS, {
    column: TASK_ORDERS.chunkNumber,
    descending: false,
  });
  const { records, total } = await listRows(ctx.store, job, {
    ...page,
    order: { field: order.column, descending: order.descending },
    states: query.state?.length ? query.state : null,
    kinds: query.kind?.length ? query.kind : null,
    now: ctx.now(),
  });
  return {
    pagination: paginationOf(total, page),
    tasks: records.map((record) => ({ ...record, job })),
  };
}

export async function getTask(
  ctx: Context,
  account: Account,
  jobId: string,
  taskId: string,
): Promise<TaskView> {
  const job = await jobOf(ctx, account, jobId);
  const key = parseTaskId(job.uuid, taskId);
  const record = key && (await findTaskRecord(ctx.store.db, job.no, key));
  if (!record) throw notFound('task');
  return { ...record, job };
}
