import type { PageInput, PageQuery, Pagination } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseFilters } from '../../domain/filter.ts';
import { JOB_FIELDS, listJobs as listRows } from '../../store/job-list.ts';
import type { Account } from '../auth/account.ts';
import { orderOf, pageOf, paginationOf } from '../page.ts';
import { jobOf } from './draft.ts';
import { viewJob, viewJobs, type JobView } from './job-view.ts';

export interface JobPage {
  pagination: Pagination;
  jobs: JobView[];
}

export async function getJob(ctx: Context, account: Account, id: string): Promise<JobView> {
  return viewJob(ctx, await jobOf(ctx, account, id));
}

export async function listJobs(ctx: Context, account: Account, query: PageQuery): Promise<JobPage> {
  const { limit, offset, orderBy } = query;
  return filterJobs(ctx, account, { pagination: { limit, offset }, orderBy });
}

export async function filterJobs(
  ctx: Context,
  account: Account,
  input: PageInput,
): Promise<JobPage> {
  const page = pageOf(input.pagination ?? {});
  const order = orderOf(input.orderBy, JOB_FIELDS, null);
  const { rows, total } = await listRows(ctx.store, {
    account: account.id,
    filters: parseFilters(input.filters ?? [], JOB_FIELDS),
    order: order && { field: order.column, descending: order.descending },
    ...page,
    now: ctx.now(),
  });
  return { pagination: paginationOf(total, page), jobs: await viewJobs(ctx, rows) };
}
