/** Empty databases on the PostgreSQL that the tests were given, each a copy of one that was migrated once. */
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { openPostgresStore } from '../store/postgres-store.ts';
import type { Store } from '../store/store.ts';

/** Of a user who may create databases; unset where there is no PostgreSQL. */
export const POSTGRES_URL = process.env['BYTENITE_TEST_POSTGRES'];

const TEMPLATE = 'bytenite_template';
/** Any number, the same in all processes of the tests. */
const TEMPLATE_LOCK = 1;

export interface TestDatabase {
  url: string;
  /** Empties it for the next who wants one. */
  release: () => Promise<void>;
}

let template: Promise<void> | undefined;
/** Making a database takes longer than emptying one. */
const free: string[] = [];

export async function takeDatabase(): Promise<TestDatabase> {
  template ??= createTemplate();
  await template;
  const url = free.pop() ?? (await createDatabase());
  return {
    url,
    async release() {
      await empty(url);
      free.push(url);
    },
  };
}

export function openTestStore(url: string): Promise<Store> {
  return openPostgresStore({ url, connections: 5, connectMs: 10_000, statementMs: 30_000 });
}

async function createTemplate(): Promise<void> {
  await connected(POSTGRES_URL ?? '', async (admin) => {
    await admin.query(`select pg_advisory_lock(${TEMPLATE_LOCK})`);
    const known = await admin.query('select 1 from pg_database where datname = $1', [TEMPLATE]);
    if (known.rows.length === 0) await admin.query(`create database ${TEMPLATE}`);
    await (await openTestStore(urlOf(TEMPLATE))).close();
  });
}

async function createDatabase(): Promise<string> {
  const name = `bytenite_test_${randomUUID().replaceAll('-', '')}`;
  await connected(POSTGRES_URL ?? '', (admin) =>
    admin.query(`create database ${name} template ${TEMPLATE}`),
  );
  return urlOf(name);
}

const EMPTY = `
do $$
declare it record;
begin
  for it in select tablename from pg_tables where schemaname = 'public' and tablename not like 'kysely%' loop
    execute format('delete from %I', it.tablename);
  end loop;
  for it in select sequencename from pg_sequences where schemaname = 'public' loop
    execute format('alter sequence %I restart', it.sequencename);
  end loop;
end $$`;

async function empty(url: string): Promise<void> {
  await connected(url, async (admin) => {
    // In any order, whoever refers to whom.
    await admin.query('set session_replication_role = replica');
    await admin.query(EMPTY);
  });
}

/** Runs statements as the user of an address. */
export async function connected<T>(url: string, act: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: url });
  await admin.connect();
  try {
    return await act(admin);
  } finally {
    await admin.end();
  }
}

function urlOf(database: string): string {
  const url = new URL(POSTGRES_URL ?? '');
  url.pathname = `/${database}`;
  return url.href;
}
