/** Lists of jobs: what they can be filtered and ordered by, and pages of them. */
import {
  FAILURE_REASONS,
  JOB_STATE_PREFIX,
  JOB_STATES,
  PRIORITIES,
  PRIORITY_PREFIX,
  type Job,
  type JobConfig,
} from '@bytenite/contract';
import { sql, type RawBuilder, type SelectQueryBuilder } from 'kysely';
import type { Filter } from '../domain/filter.ts';
import { effectiveConfig } from '../domain/job-doc.ts';
import { PRICE_UNITS_PER_BYTECHIP } from '../domain/price.ts';
import { dialectOf } from './dialect.ts';
import {
  directionOf,
  passesAll,
  totalOf,
  type Field,
  type FieldOrder,
  type FieldScope,
} from './filters.ts';
import type { Db, Store } from './store.ts';
import type { JobDocTable, JobRow, JobTable, Tables } from './tables.ts';

type ScalarOf<T> = {
  [K in keyof T & string]: T[K] extends string | number | boolean | null ? K : never;
}[keyof T & string];

/**
 * Not `waitingReason`, which is worked out from the runners that are connected at the moment, and not
 * `regions`, an object that no job has.
 */
type JobField = Exclude<ScalarOf<Job>, 'waitingReason' | 'regions'>;
type ConfigField = ScalarOf<JobConfig>;

const TEXT = { kind: 'text' } as const;
const NUMBER = { kind: 'number' } as const;
const BOOLEAN = { kind: 'boolean' } as const;
const TIME = { kind: 'time' } as const;
const STATE = { kind: 'enum', names: JOB_STATES, prefix: JOB_STATE_PREFIX } as const;
const PRIORITY = { kind: 'enum', names: PRIORITIES, prefix: PRIORITY_PREFIX } as const;
const REASON = { kind: 'enum', names: FAILURE_REASONS, prefix: '' } as const;

const DEFAULTS = effectiveConfig({ config: {}, template: null });

/** Every scalar field of a Job and of its config. */
export const JOB_FIELDS: Readonly<Record<JobField | `config.${ConfigField}`, Field>> = {
  id: { ...TEXT, value: column('id') },
  templateId: { ...TEXT, value: column('template_id') },
  name: { ...TEXT, value: column('name') },
  description: { ...TEXT, value: ofDoc(() => docColumn('description')) },
  priority: { ...PRIORITY, value: column('priority') },
  state: { ...STATE, value: column('state') },
  createdAt: { ...TIME, value: column('created_at') },
  submittedAt: { ...TIME, value: column('submitted_at') },
  startedAt: { ...TIME, value: column('started_at') },
  endedAt: { ...TIME, value: column('ended_at') },
  startAt: { ...TIME, value: never },
  deletedAt: { ...TIME, value: never },
  duration: { ...NUMBER, value: duration },
  paymentAmount: { ...NUMBER, value: paymentAmount },
  numUnitsEstimation: { ...NUMBER, value: constant(0) },
  numChunks: { ...NUMBER, value: column('num_chunks') },
  errorMessage: { ...TEXT, value: column('error_message') },
  appId: { ...TEXT, value: ofDoc(appId) },
  failureReason: { ...REASON, value: column('failure_reason') },
  failedChunks: { ...NUMBER, value: column('failed') },
  'config.taskTimeout': { ...NUMBER, value: configNumber('taskTimeout') },
  'config.jobTimeout': { ...NUMBER, value: configNumber('jobTimeout') },
  'config.maxTaskRetries': { ...NUMBER, value: configNumber('maxTaskRetries') },
  'config.isTestJob': { ...BOOLEAN, value: configBoolean('isTestJob') },
  'config.allowEmpty': { ...BOOLEAN, value: configBoolean('allowEmpty') },
  'config.toleratedFailures': { ...TEXT, value: configText('toleratedFailures') },
  'config.speculation': { ...BOOLEAN, value: configBoolean('speculation') },
};

export interface JobListQuery {
  account: string;
  filters: readonly Filter<Field>[];
  /** Null: the newest first. Jobs of equal value come in the order of their ids. */
  order: FieldOrder | null;
  limit: number;
  offset: number;
  now: number;
}

/** A page of an account's jobs, and how many pass the filters. */
export async function listJobs(
  { db, reads, dialect }: Pick<Store, 'db' | 'reads' | 'dialect'>,
  query: JobListQuery,
): Promise<{ rows: JobRow[]; total: number }> {
  const scope = { dialect: dialectOf(dialect), now: query.now };
  const wanted = reads
    .selectFrom('job')
    .where('job.account', '=', query.account)
    .where(passesAll(query.filters, scope));
  // One more than asked for: where it is missing, nothing more needs to be counted.
  const limit = query.limit + 1;
  // Only keys, which the indexes hold: what a page skips is never read.
  const keys = await inOrder(wanted.select('job.no'), query.order, scope)
    .limit(limit)
    .offset(query.offset)
    .execute();
  const count = wanted.select((e) => e.fn.countAll<number>().as('n'));
  const page = { limit, offset: query.offset };
  const total = await totalOf(page, keys.length, () => count.executeTakeFirstOrThrow());
  return { rows: await jobsByNo(db, keys.slice(0, query.limit)), total };
}

function inOrder<O>(
  select: SelectQueryBuilder<Tables, 'job', O>,
  order: FieldOrder | null,
  scope: FieldScope,
): SelectQueryBuilder<Tables, 'job', O> {
  if (order === null) return select.orderBy('job.no', 'desc');
  return select
    .orderBy(order.field.value(scope), directionOf(order.descending, order.field.kind === 'time'))
    .orderBy('job.id', order.descending ? 'desc' : 'asc');
}

async function jobsByNo(db: Db, keys: readonly { no: number }[]): Promise<JobRow[]> {
  if (keys.length === 0) return [];
  const nos = keys.map(({ no }) => no);
  const rows = await db.selectFrom('job').selectAll().where('no', 'in', nos).execute();
  const byNo = new Map(rows.map((row) => [row.no, row]));
  return nos.flatMap((no) => byNo.get(no) ?? []); // one may have been deleted meanwhile
}

type Value = Field['value'];

function column(name: keyof JobTable): Value {
  return () => sql.ref(`job.${name}`);
}

function constant(value: string | number): Value {
  return () =>
    typeof value === 'number' ? sql`cast(${value} as bigint)` : sql`cast(${value} as text)`;
}

/** A time that no job has. */
function never(): RawBuilder<unknown> {
  return sql`cast(null as bigint)`;
}

/** Seconds from submission to the end, or to now. */
function duration({ now }: FieldScope): RawBuilder<unknown> {
  const end = sql`coalesce(job.ended_at, ${now})`;
  return sql`case when ${end} > job.submitted_at then (${end} - job.submitted_at) / 1000.0 else 0 end`;
}

/** As the wire divides it, so that equal numbers are equal. */
function paymentAmount(): RawBuilder<unknown> {
  return sql`cast(job.price as double precision) / ${PRICE_UNITS_PER_BYTECHIP}`;
}

/** What `value` gives of the job's document. */
function ofDoc(value: (scope: FieldScope) => RawBuilder<unknown>): Value {
  return (scope) => sql`(select ${value(scope)} from job_doc where job_doc.no = job.no)`;
}

function docColumn(name: keyof JobDocTable): RawBuilder<unknown> {
  return sql.ref(`job_doc.${name}`);
}

/** What the job uses, over what it was told, over its template's: as replies show it. */
function appId({ dialect: { json } }: FieldScope): RawBuilder<unknown> {
  const pinned = json.text(docColumn('pinned'), 'app', 'tag');
  const template = json.text(docColumn('template'), 'info', 'app');
  return sql`coalesce(${pinned}, job_doc.app, ${template}, '')`;
}

type FieldOfType<T> = { [K in ConfigField]: JobConfig[K] extends T ? K : never }[ConfigField];

function configNumber(name: FieldOfType<number>): Value {
  return ofDoc(({ dialect: { json } }) => effective(json.number, name));
}

function configBoolean(name: FieldOfType<boolean>): Value {
  return ofDoc(({ dialect: { json } }) => effective(json.boolean, name));
}

/** What may have been given as a number is shown as text. */
function configText(name: FieldOfType<string>): Value {
  return ofDoc(({ dialect: { json } }) => {
    const asText: typeof json.text = (...from) => sql`cast(${json.text(...from)} as text)`;
    return effective(asText, name, DEFAULTS[name]);
  });
}

/** Request over template over server default. */
function effective(
  read: (json: RawBuilder<unknown>, ...path: string[]) => RawBuilder<unknown>,
  name: ConfigField,
  preset: string | number = Number(DEFAULTS[name]),
): RawBuilder<unknown> {
  const own = read(docColumn('config'), name);
  const template = read(docColumn('template'), 'config', name);
  return sql`coalesce(${own}, ${template}, ${preset})`;
}
