import { notFound } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import type { StoredDataSource } from '../../domain/data-source.ts';
import type { TemplateSnapshot } from '../../domain/job-doc.ts';
import { findTemplate, type TemplateParams } from '../../store/templates.ts';

/** A template as a job of an account keeps it: the password of another account's source stays behind. */
export async function usableTemplate(
  ctx: Context,
  account: string,
  id: string,
): Promise<{ snapshot: TemplateSnapshot; params: TemplateParams }> {
  const record = await findTemplate(ctx.store.db, account, id);
  if (record === undefined) throw notFound('template');
  const { row, snapshot, params } = record;
  const { dataSource } = snapshot;
  if (row.account === account || dataSource === null) return { snapshot, params };
  return { snapshot: { ...snapshot, dataSource: withoutPassword(dataSource) }, params };
}

export function withoutPassword(source: StoredDataSource): StoredDataSource {
  const { params } = source;
  return params?.password === undefined
    ? source
    : { ...source, params: { ...params, password: '' } };
}
