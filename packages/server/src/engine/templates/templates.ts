/** Job templates: pushed, listed, read. */
import {
  invalid,
  notFound,
  RawJson,
  type ComponentType,
  type FieldViolation,
  type Pagination,
  type TemplateInput,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseDataSource } from '../../domain/data-source.ts';
import { checkConfig } from '../../domain/job-config.ts';
import { PASSTHROUGH } from '../../domain/job-doc.ts';
import { parseTag } from '../../domain/tags.ts';
import {
  findTemplate,
  listTemplates as listRecords,
  saveTemplate,
  type TemplateRecord,
} from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';
import type { ListQuery } from '../components/components.ts';
import { orderOf, pageOf, paginationOf } from '../page.ts';

const COMPONENTS = ['app', 'partitioner', 'assembler'] as const satisfies ComponentType[];

/** Creates or replaces a template. Tags and sources are checked for form only; jobs keep what they took. */
export async function pushTemplate(
  ctx: Context,
  account: Account,
  input: TemplateInput,
): Promise<void> {
  checkTags(input);
  checkConfig(input.config ?? {});
  const { dataSource, dataDestination, params } = input;
  await saveTemplate(ctx.store.db, {
    account: account.id,
    id: input.id,
    doc: {
      description: input.description ?? '',
      app: input.app,
      partitioner: input.partitioner || PASSTHROUGH,
      assembler: input.assembler || PASSTHROUGH,
      config: input.config ?? {},
      dataSource: dataSource === undefined ? null : parseDataSource(dataSource, 'in'),
      dataDestination:
        dataDestination === undefined ? null : parseDataSource(dataDestination, 'out'),
    },
    params: {
      app: (params?.app ?? RawJson.EMPTY_OBJECT).text,
      partitioner: (params?.partitioner ?? RawJson.EMPTY_OBJECT).text,
      assembler: (params?.assembler ?? RawJson.EMPTY_OBJECT).text,
    },
    now: ctx.now(),
  });
}

function checkTags(input: TemplateInput): void {
  const violations: FieldViolation[] = COMPONENTS.flatMap((field) => {
    const tag = input[field];
    if (!tag || parseTag(tag) !== null) return [];
    return [{ field, description: 'must be a tag such as word-count or word-count@1.2' }];
  });
  const [first] = violations;
  if (first !== undefined) throw invalid(`${first.field} ${first.description}`, violations);
}

export async function getTemplate(
  ctx: Context,
  account: Account,
  id: string,
): Promise<TemplateRecord> {
  const record = await findTemplate(ctx.store.db, account.id, id);
  if (record === undefined) throw notFound('template');
  return record;
}

const SORT_KEYS = { id: 'id', createdAt: 'created_at', updatedAt: 'updated_at' } as const;

export async function listTemplates(
  ctx: Context,
  account: Account,
  query: Omit<ListQuery, 'type'>,
): Promise<{ pagination: Pagination; templates: TemplateRecord[] }> {
  const page = pageOf(query);
  const order = orderOf(query.orderBy, SORT_KEYS, {
    column: SORT_KEYS.createdAt,
    descending: true,
  });
  const scope = query.isPublic === true ? ('public' as const) : { account: account.id };
  const records = await listRecords(ctx.store.db, scope);
  const sign = order.descending ? -1 : 1;
  const sorted = records.toSorted((a, b) => {
    const [left, right] = [a.row[order.column], b.row[order.column]];
    return sign * (left < right ? -1 : left > right ? 1 : 0) || (a.row.id < b.row.id ? -1 : 1);
  });
  return {
    pagination: paginationOf(records.length, page),
    templates: sorted.slice(page.offset, page.offset + page.limit),
  };
}
