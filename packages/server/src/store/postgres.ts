/** Feeds Kysely's PostgreSQL dialect from a pool whose every wait has an end. */
import { ApiError } from '@bytenite/contract';
import { PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import {
  DatabaseError,
  Pool,
  TypeOverrides,
  types as knownTypes,
  type ClientConfig,
  type PoolClient,
} from 'pg';
import { sqlStateOf } from './dialect.ts';

export interface PostgresOptions {
  url: string;
  /** Connections that this process opens at most. */
  connections: number;
  connectMs: number;
  /** Longer than any statement of this program takes; 0 for those that may take any time. */
  statementMs: number;
}

/** A reply that the database must have sent by now never comes. */
const LOST_REPLY_MS = 5000;
const IDLE_MS = 30_000;
const APPLICATION = 'bytenite';

export function postgresDialect(options: PostgresOptions): PostgresDialect {
  return new PostgresDialect({ pool: async () => adaptPool(openPool(options)) });
}

/** The settings of one connection. */
export function clientConfig(options: Omit<PostgresOptions, 'connections'>): ClientConfig {
  const { url, connectMs, statementMs } = options;
  return {
    connectionString: url,
    application_name: APPLICATION,
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
    types,
    ...(statementMs === 0
      ? {}
      : {
          statement_timeout: statementMs,
          idle_in_transaction_session_timeout: statementMs,
          query_timeout: statementMs + LOST_REPLY_MS,
        }),
  };
}

function openPool(options: PostgresOptions): Pool {
  const pool = new Pool({
    ...clientConfig(options),
    max: options.connections,
    idleTimeoutMillis: IDLE_MS,
  });
  // Every statement has its index. Statistics that were taken while a table was empty must not keep it from it.
  pool.on('connect', (client) => {
    client.query('set enable_seqscan = off').catch(() => undefined);
  });
  // An idle connection that ends is no news: the next query opens another, or says why it cannot.
  pool.on('error', () => undefined);
  return pool;
}

/** Whole numbers stay below 2^53, and sums of them come as numeric. */
const types = new TypeOverrides();
for (const type of [knownTypes.builtins.INT8, knownTypes.builtins.NUMERIC]) {
  types.setTypeParser(type, Number);
}

function adaptPool(pool: Pool): PostgresPool {
  return {
    async connect() {
      const client = await pool.connect().catch((error: unknown) => {
        throw unavailable(error);
      });
      return adaptClient(client);
    },
    end: () => pool.end(),
  };
}

/** A client that comes back from the pool keeps its adapter: Kysely knows connections by it. */
const adapters = new WeakMap<PoolClient, PostgresPoolClient>();

function adaptClient(client: PoolClient): PostgresPoolClient {
  const known = adapters.get(client);
  if (known !== undefined) return known;
  let isLost = false;
  // Between two statements nobody else hears of it; the next one fails.
  client.on('error', () => {
    isLost = true;
  });
  const query = async (text: string, parameters: readonly unknown[]) => {
    const values = parameters.map((value) => storable(value));
    try {
      return await client.query({ text, values, ...nameOf(text) });
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // What it was doing is not known; its transaction ends with it.
      isLost ||= sqlStateOf(error) === undefined;
      throw unavailable(error);
    }
  };
  const adapter: PostgresPoolClient = {
    // Nothing here reads through a cursor.
    query: query as unknown as PostgresPoolClient['query'],
    release: () => client.release(isLost),
  };
  adapters.set(client, adapter);
  return adapter;
}

/** Texts differ by the lengths of their lists, so not all of them can be kept prepared. */
const MAX_NAMES = 400;
const MAX_NAMED_LENGTH = 20_000;
const names = new Map<string, string>();

/** A statement with a name is prepared once a connection. */
function nameOf(text: string): { name?: string } {
  const known = names.get(text);
  if (known !== undefined) return { name: known };
  if (names.size >= MAX_NAMES || text.length > MAX_NAMED_LENGTH) return {};
  const name = `s${names.size + 1}`;
  names.set(text, name);
  return { name };
}

/** Text has no NUL here; one would fail its statement, and the batch that it is in, for ever. */
function storable(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '') : value;
}

/** Connection lost, server stopping or starting, no resources, a time limit, a standby. */
const UNAVAILABLE_STATES = /^(08...|53...|57P0.|57014|25P0[23]|25006)$/;

/** An error without a code of the database did not come from it. */
function isUnavailable(error: unknown): boolean {
  const state = error instanceof DatabaseError ? sqlStateOf(error) : undefined;
  return state === undefined || UNAVAILABLE_STATES.test(state);
}

function unavailable(error: unknown): ApiError {
  return new ApiError('UNAVAILABLE', 'the database does not answer', {
    retryAfter: 1,
    cause: error,
  });
}
