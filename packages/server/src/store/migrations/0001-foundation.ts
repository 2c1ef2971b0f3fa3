import { sql, type Kysely, type Migration } from 'kysely';
import type { DialectTraits } from '../dialect.ts';

/** On SQLite a table clustered by its own key; PostgreSQL has no such thing and needs none. */
type Cluster = DialectTraits['cluster'];

export function foundation({ cluster, churns }: DialectTraits): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await accounts(db);
      await components(db);
      await jobs(db);
      await tasks(db, cluster);
      await files(db, cluster);
      await records(db);
      for (const table of ['job', 'ready', 'lease', 'step']) await churns(db, table);
    },
  };
}

async function accounts(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('account')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_name', 'text', (c) => c.notNull().unique())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('disabled', 'integer', (c) => c.notNull())
    .addColumn('doc', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('last_login_at', 'bigint')
    .execute();
  await db.schema
    .createTable('api_key')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account', 'text', (c) => c.notNull().references('account.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull().unique())
    .addColumn('fingerprint', 'text', (c) => c.notNull())
    .addColumn('issued_at', 'bigint', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema
    .createTable('access_token')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('account', 'text', (c) => c.notNull().references('account.id'))
    .addColumn('api_key', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'bigint', (c) => c.notNull())
    .execute();
}

async function components(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('component')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('account', 'text', (c) => c.notNull().references('account.id'))
    .addColumn('family', 'text', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('major', 'integer', (c) => c.notNull())
    .addColumn('minor', 'integer', (c) => c.notNull())
    .addColumn('is_public', 'integer', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('deleted_at', 'bigint')
    .execute();
  await db.schema
    .createIndex('component_version')
    .on('component')
    .columns(['account', 'family', 'name', 'major', 'minor'])
    .unique()
    .where(sql.ref('deleted_at'), 'is', null)
    .execute();
  await db.schema
    .createTable('revision')
    .addColumn('component', 'text', (c) => c.notNull().references('component.id'))
    .addColumn('revision', 'integer', (c) => c.notNull())
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull())
    .addColumn('blob_key', 'text', (c) => c.notNull())
    .addColumn('size_bytes', 'bigint', (c) => c.notNull())
    .addColumn('manifest', 'text', (c) => c.notNull())
    .addColumn('schema', 'text')
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('revision_pk', ['component', 'revision'])
    .execute();
  await db.schema.createIndex('revision_hash').on('revision').columns(['hash']).execute();
  await db.schema
    .createTable('template')
    .addColumn('account', 'text', (c) => c.notNull().references('account.id'))
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('is_public', 'integer', (c) => c.notNull())
    .addColumn('doc', 'text', (c) => c.notNull())
    .addColumn('params_partitioner', 'text', (c) => c.notNull())
    .addColumn('params_app', 'text', (c) => c.notNull())
    .addColumn('params_assembler', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('updated_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('template_pk', ['account', 'id'])
    .execute();
}

async function jobs(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('job')
    .addColumn('no', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('id', 'text', (c) => c.notNull().unique())
    .addColumn('uuid', 'text', (c) => c.notNull())
    .addColumn('account', 'text', (c) => c.notNull().references('account.id'))
    .addColumn('template_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('run', 'integer', (c) => c.notNull())
    .addColumn('num_chunks', 'integer', (c) => c.notNull())
    .addColumn('cursor', 'integer', (c) => c.notNull())
    .addColumn('committed', 'integer', (c) => c.notNull())
    .addColumn('failed', 'integer', (c) => c.notNull())
    .addColumn('price', 'bigint', (c) => c.notNull())
    .addColumn('data_state', 'text', (c) => c.notNull())
    .addColumn('failure_reason', 'text', (c) => c.notNull())
    .addColumn('error_message', 'text', (c) => c.notNull())
    .addColumn('state_times', 'text', (c) => c.notNull())
    .addColumn('created_at', 'bigint', (c) => c.notNull())
    .addColumn('submitted_at', 'bigint')
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('deadline_at', 'bigint')
    .execute();
  await db.schema.createIndex('job_account').on('job').columns(['account', 'no']).execute();
  await db.schema
    .createIndex('job_active')
    .on('job')
    .columns(['state', 'no'])
    .where(sql.ref('state'), 'not in', sql`('NEW', 'COMPLETE', 'FAILED')`)
    .execute();
  await db.schema
    .createIndex('job_expiry')
    .on('job')
    .columns(['ended_at'])
    .where(sql.ref('data_state'), '=', sql.lit('kept'))
    .execute();
  await db.schema
    .createTable('job_doc')
    .addColumn('no', 'integer', (c) => c.primaryKey().references('job.no').onDelete('cascade'))
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('app', 'text')
    .addColumn('partitioner', 'text')
    .addColumn('assembler', 'text')
    .addColumn('template', 'text')
    .addColumn('template_params', 'text')
    .addColumn('config', 'text', (c) => c.notNull())
    .addColumn('data_source', 'text')
    .addColumn('data_destination', 'text')
    .addColumn('params_partitioner', 'text')
    .addColumn('params_app', 'text')
    .addColumn('params_assembler', 'text')
    .addColumn('pinned', 'text')
    .execute();
}

async function tasks(db: Kysely<unknown>, cluster: Cluster): Promise<void> {
  await cluster(
    db.schema
      .createTable('task')
      .addColumn('job', 'integer', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('run', 'integer', (c) => c.notNull())
      .addColumn('chunk', 'integer', (c) => c.notNull())
      .addColumn('state', 'text', (c) => c.notNull().defaultTo('open'))
      .addColumn('attempts', 'integer', (c) => c.notNull().defaultTo(0))
      .addColumn('retries', 'integer', (c) => c.notNull().defaultTo(0))
      .addColumn('losses', 'integer', (c) => c.notNull().defaultTo(0))
      .addColumn('name', 'text', (c) => c.notNull().defaultTo(''))
      .addColumn('source_key', 'text')
      .addColumn('source_offset', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('source_length', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('result_key', 'text')
      .addColumn('result_offset', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('result_length', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('result_sha', 'text')
      .addColumn('winner', 'integer')
      .addColumn('runner', 'text', (c) => c.notNull().defaultTo(''))
      .addColumn('assigned_at', 'bigint')
      .addColumn('received_at', 'bigint')
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint')
      .addColumn('reason', 'text', (c) => c.notNull().defaultTo(''))
      .addColumn('error_message', 'text', (c) => c.notNull().defaultTo(''))
      .addColumn('price', 'bigint', (c) => c.notNull().defaultTo(0))
      .addColumn('stats', 'text')
      .addColumn('created_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('task_pk', ['job', 'kind', 'run', 'chunk']),
  ).execute();
  await cluster(
    db.schema
      .createTable('ready')
      .addColumn('job', 'integer', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('run', 'integer', (c) => c.notNull())
      .addColumn('chunk', 'integer', (c) => c.notNull())
      .addColumn('attempt', 'integer', (c) => c.notNull())
      .addColumn('ready_at', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('ready_pk', ['job', 'kind', 'run', 'chunk']),
  ).execute();
  await db.schema.createIndex('ready_due').on('ready').columns(['job', 'ready_at']).execute();
  await cluster(
    db.schema
      .createTable('lease')
      .addColumn('id', 'text', (c) => c.primaryKey())
      .addColumn('job', 'integer', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('run', 'integer', (c) => c.notNull())
      .addColumn('chunk', 'integer', (c) => c.notNull())
      .addColumn('attempt', 'integer', (c) => c.notNull())
      .addColumn('runner', 'text', (c) => c.notNull())
      .addColumn('incarnation', 'text', (c) => c.notNull())
      .addColumn('account', 'text', (c) => c.notNull())
      .addColumn('phase', 'text', (c) => c.notNull())
      .addColumn('cpus', 'real', (c) => c.notNull())
      .addColumn('memory_bytes', 'bigint', (c) => c.notNull())
      .addColumn('assigned_at', 'bigint', (c) => c.notNull())
      .addColumn('received_at', 'bigint')
      .addColumn('started_at', 'bigint')
      .addColumn('deadline_at', 'bigint', (c) => c.notNull())
      .addColumn('limit_at', 'bigint'),
  ).execute();
  await db.schema.createIndex('lease_task').on('lease').columns(['job', 'chunk']).execute();
  await db.schema.createIndex('lease_runner').on('lease').columns(['runner']).execute();
  await db.schema.createIndex('lease_deadline').on('lease').columns(['deadline_at']).execute();
  await cluster(
    db.schema
      .createTable('attempt')
      .addColumn('job', 'integer', (c) => c.notNull())
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('run', 'integer', (c) => c.notNull())
      .addColumn('chunk', 'integer', (c) => c.notNull())
      .addColumn('attempt', 'integer', (c) => c.notNull())
      .addColumn('runner', 'text', (c) => c.notNull())
      .addColumn('started_at', 'bigint')
      .addColumn('ended_at', 'bigint', (c) => c.notNull())
      .addColumn('exit_code', 'integer')
      .addColumn('reason', 'text', (c) => c.notNull())
      .addColumn('error_message', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('attempt_pk', ['job', 'kind', 'run', 'chunk', 'attempt']),
  ).execute();
  await db.schema
    .createTable('step')
    .addColumn('job', 'integer', (c) => c.notNull())
    .addColumn('run', 'integer', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('owner', 'text', (c) => c.notNull())
    .addColumn('fence', 'integer', (c) => c.notNull())
    .addColumn('deadline_at', 'bigint', (c) => c.notNull())
    .addColumn('input', 'text', (c) => c.notNull())
    .addColumn('tries', 'integer', (c) => c.notNull())
    .addColumn('ready_at', 'bigint', (c) => c.notNull())
    .addPrimaryKeyConstraint('step_pk', ['job', 'run', 'name'])
    .execute();
}

async function files(db: Kysely<unknown>, cluster: Cluster): Promise<void> {
  await db.schema
    .createTable('upload')
    .addColumn('job', 'integer', (c) => c.primaryKey())
    .addColumn('key', 'text')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('size_bytes', 'bigint', (c) => c.notNull())
    .addColumn('sha256', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .execute();
  await cluster(
    db.schema
      .createTable('output')
      .addColumn('job', 'integer', (c) => c.notNull())
      .addColumn('run', 'integer', (c) => c.notNull())
      .addColumn('path', 'text', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('offset', 'bigint', (c) => c.notNull())
      .addColumn('length', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('output_pk', ['job', 'run', 'path']),
  ).execute();
  await cluster(
    db.schema
      .createTable('log_pack')
      .addColumn('job', 'integer', (c) => c.notNull())
      .addColumn('n', 'integer', (c) => c.notNull())
      .addColumn('account', 'text', (c) => c.notNull())
      .addColumn('from_at', 'bigint', (c) => c.notNull())
      .addColumn('to_at', 'bigint', (c) => c.notNull())
      .addColumn('levels', 'integer', (c) => c.notNull())
      .addColumn('kinds', 'integer', (c) => c.notNull())
      .addColumn('chunk_from', 'integer', (c) => c.notNull())
      .addColumn('chunk_to', 'integer', (c) => c.notNull())
      .addColumn('key', 'text', (c) => c.notNull())
      .addColumn('length', 'bigint', (c) => c.notNull())
      .addPrimaryKeyConstraint('log_pack_pk', ['job', 'n']),
  ).execute();
  await db.schema
    .createTable('gc')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('prefix', 'text', (c) => c.notNull())
    .addColumn('not_before', 'bigint', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('gc_prefix').on('gc').columns(['prefix']).execute();
}

async function records(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('event')
    .addColumn('id', 'integer', (c) => c.primaryKey().autoIncrement())
    .addColumn('account', 'text', (c) => c.notNull())
    .addColumn('job', 'integer', (c) => c.notNull())
    .addColumn('at', 'bigint', (c) => c.notNull())
    .addColumn('type', 'text', (c) => c.notNull())
    .addColumn('body', 'text', (c) => c.notNull())
    .execute();
  await db.schema.createIndex('event_at').on('event').columns(['at']).execute();
  await db.schema
    .createTable('pin')
    .addColumn('job', 'integer', (c) => c.notNull())
    .addColumn('component', 'text', (c) => c.notNull())
    .addColumn('revision', 'integer', (c) => c.notNull())
    .addPrimaryKeyConstraint('pin_pk', ['job', 'component', 'revision'])
    .execute();
  await db.schema
    .createTable('meta')
    .addColumn('key', 'text', (c) => c.primaryKey())
    .addColumn('value', 'text', (c) => c.notNull())
    .execute();
}
