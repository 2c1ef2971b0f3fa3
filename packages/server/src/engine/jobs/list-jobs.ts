import type { PageQuery, Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { JOB_SORT_COLUMNS, listJobs as listRows } from '../../store/jobs.ts';
import type { Account } from '../auth/account.ts';
import { orderOf, pageOf, paginationOf } from '../page.ts';
import { jobOf } from './draft.ts';
import { viewJob, viewJobs, type JobView } from './job-view.ts';

export async function getJob(ctx: Context, account: Account, id: string): Promise<JobView> {
  return viewJob(ctx, await jobOf(ctx, account, id));
}

export async function listJobs(
  ctx: Context,
  account: Account,
  query: PageQuery,
): Promise<{ pagination: Pagination; jobs: JobView[] }> {
  const page = pageOf(query);
  const order = orderOf(query.orderBy, JOB_SORT_COLUMNS, null);
  const { rows, total } = await listRows(ctx.store.db, { account: account.id, ...page, order });
  return { pagination: paginationOf(total, page), jobs: await viewJobs(ctx, rows) };
}
