/** Everything the server can be told, read once; nothing else reads argv or the environment. */
import path from 'node:path';
import { parseArgs } from 'node:util';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const SERVER_ROLES = ['all', 'api', 'scheduler'] as const;
export type ServerRole = (typeof SERVER_ROLES)[number];

export interface ServerConfig {
  dataDir: string;
  /** A PostgreSQL database; null keeps an SQLite file in the data directory. */
  databaseUrl: string | null;
  /** What this process does: answers callers and runners, moves jobs on, or both. */
  role: ServerRole;
  database: {
    /** Connections that this process opens at most. */
    connections: number;
    connectMs: number;
    /** After this a statement counts as lost. */
    statementMs: number;
  };
  host: string;
  port: number;
  /** Origin of every absolute link; null takes the request's own scheme and Host. */
  publicUrl: string | null;
  /** Believe X-Forwarded-Proto and X-Forwarded-Host. */
  trustProxy: boolean;
  /** Users' URLs may name private addresses. */
  allowPrivateUrls: boolean;
  /** Several accounts may share runners that do not keep their tasks apart. */
  allowSharedProcessTier: boolean;
  /** The first API key, where the operator chooses it. */
  presetApiKey: string | null;
  runnerTokenFile: string;
  /** The least level of what is logged; `debug` has a line for every request. */
  logLevel: LogLevel;
  /** The keys that encrypt secrets at rest, from the environment; null takes the file's. */
  masterKey: string | null;
  masterKeyFile: string;
  /** Jobs are run only for accounts that have ByteChips available. */
  enforceBalance: boolean;
  /** Currency per ByteChip, by the currency's code. */
  exchangeRates: ReadonlyMap<string, number>;
  /** What one user may have at a time, where the user has no limits of its own; 0 is none. */
  userLimits: { runningTasks: number; cpus: number; queuedTasks: number };
  /** What a user had of the machines counts half after this time. */
  fairHalfLifeMs: number;
  leaseMs: number;
  heartbeatMs: number;
  /** SIGTERM to SIGKILL. */
  graceMs: number;
  /** How long an attempt may take to bring its input, and to bring out its results. */
  stagingMs: number;
  backoff: { baseMs: number; capMs: number };
  /** A task that lost so many runners gets one for itself. */
  aloneAfterLosses: number;
  /** Tasks that ran out of memory get no more than this; null takes what the largest runner has. */
  maxTaskMemoryBytes: number | null;
  /** How long data and result links live after the end of a job. */
  retentionMs: number;
  /** Below so much room on the data directory's disk no new work is taken; null decides by its size. */
  diskLimit: { bytes: number } | { fraction: number } | null;
  /** What files that are put into one user's cache may have together, and those of the shared one. */
  cacheBytes: { user: number; shared: number };
  /** How far back events can be replayed. */
  eventRetentionMs: number;
  limits: {
    bodyBytes: number;
    packageBytes: number;
    sourceBytes: number;
    /** Per component; a longer one could not be passed in an environment variable. */
    paramsBytes: number;
    /** An upload or download that moves nothing for this long is ended. */
    idleMs: number;
  };
}

/** Reads the configuration of one process; throws with a usage message on bad flags. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): ServerConfig {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      'data-dir': { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '4280' },
      'public-url': { type: 'string' },
      'trust-proxy': { type: 'boolean', default: false },
      role: { type: 'string', default: 'all' },
      'allow-shared-process-tier': { type: 'boolean', default: false },
      'log-level': { type: 'string' },
    },
  });
  const dataDir = values['data-dir'];
  if (dataDir === undefined) throw new Error('--data-dir is required');
  const url = databaseUrl(env['DATABASE_URL']);
  return {
    dataDir: path.resolve(dataDir),
    databaseUrl: url,
    role: roleOf(values.role, url),
    database: databaseLimits(env),
    host: values.host,
    port: wholeNumber('--port', values.port),
    publicUrl: values['public-url']?.replace(/\/+$/, '') ?? null,
    trustProxy: values['trust-proxy'],
    allowPrivateUrls: env['BYTENITE_ALLOW_PRIVATE_URLS'] === '1',
    allowSharedProcessTier: values['allow-shared-process-tier'],
    presetApiKey: env['BYTENITE_API_KEY'] ?? null,
    runnerTokenFile: path.resolve(dataDir, 'runner-token'),
    logLevel: logLevelOf(values['log-level'], env['BYTENITE_LOG_LEVEL']),
    masterKey: env['BYTENITE_MASTER_KEY'] ?? null,
    masterKeyFile: path.resolve(dataDir, env['BYTENITE_MASTER_KEY_FILE'] ?? 'master-key'),
    enforceBalance: env['BYTENITE_ENFORCE_BALANCE'] === '1',
    exchangeRates: exchangeRates(env['BYTENITE_EXCHANGE_RATES']),
    userLimits: {
      runningTasks: numberOf(env, 'BYTENITE_USER_RUNNING_TASKS', 0),
      cpus: numberOf(env, 'BYTENITE_USER_CPUS', 0),
      queuedTasks: numberOf(env, 'BYTENITE_USER_QUEUED_TASKS', 0),
    },
    ...periods(env),
    aloneAfterLosses: positiveOf(env, 'BYTENITE_ALONE_AFTER_LOSSES', 2),
    maxTaskMemoryBytes: taskMemory(env['BYTENITE_MAX_TASK_MEMORY']),
    diskLimit: diskLimit(env['BYTENITE_LOW_DISK']),
    cacheBytes: {
      user: sizeOf(env, 'BYTENITE_USER_CACHE', 10 * GIB),
      shared: sizeOf(env, 'BYTENITE_SHARED_CACHE', 10 * GIB),
    },
    limits: limits(env),
  };
}

function periods(env: NodeJS.ProcessEnv) {
  return {
    fairHalfLifeMs: positiveOf(env, 'BYTENITE_FAIR_HALF_LIFE_MS', HOUR),
    leaseMs: numberOf(env, 'BYTENITE_LEASE_MS', 15 * SECOND),
    heartbeatMs: numberOf(env, 'BYTENITE_HEARTBEAT_MS', SECOND),
    graceMs: numberOf(env, 'BYTENITE_GRACE_MS', 10 * SECOND),
    stagingMs: numberOf(env, 'BYTENITE_STAGING_MS', 2 * HOUR),
    backoff: {
      baseMs: numberOf(env, 'BYTENITE_BACKOFF_BASE_MS', 2 * SECOND),
      capMs: numberOf(env, 'BYTENITE_BACKOFF_CAP_MS', 300 * SECOND),
    },
    retentionMs: numberOf(env, 'BYTENITE_RETENTION_MS', Math.round(retentionHours(env) * HOUR)),
    eventRetentionMs: 2 * HOUR,
  };
}

function databaseLimits(env: NodeJS.ProcessEnv): ServerConfig['database'] {
  return {
    connections: connections(env['BYTENITE_DATABASE_CONNECTIONS'] ?? '10'),
    connectMs: numberOf(env, 'BYTENITE_DATABASE_CONNECT_MS', 10 * SECOND),
    statementMs: numberOf(env, 'BYTENITE_DATABASE_STATEMENT_MS', 30 * SECOND),
  };
}

function limits(env: NodeJS.ProcessEnv): ServerConfig['limits'] {
  return {
    bodyBytes: 10 * MIB,
    packageBytes: 64 * MIB,
    sourceBytes: positiveOf(env, 'BYTENITE_MAX_SOURCE_BYTES', 5 * GIB),
    paramsBytes: 120 * 1024,
    idleMs: positiveOf(env, 'BYTENITE_IDLE_MS', 60 * SECOND),
  };
}

/** The flag's, else the variable's. */
function logLevelOf(flag: string | undefined, variable: string | undefined): LogLevel {
  const [name, text] =
    flag === undefined ? ['BYTENITE_LOG_LEVEL', variable || 'info'] : ['--log-level', flag];
  const level = LOG_LEVELS.find((known) => known === text);
  if (level !== undefined) return level;
  throw new Error(`${name} must be one of ${LOG_LEVELS.join(', ')}, not ${JSON.stringify(text)}`);
}

/** One may wait for what others do. */
const FEWEST_CONNECTIONS = 4;

function connections(text: string): number {
  const count = wholeNumber('BYTENITE_DATABASE_CONNECTIONS', text);
  if (count >= FEWEST_CONNECTIONS) return count;
  throw new Error(`BYTENITE_DATABASE_CONNECTIONS must be at least ${FEWEST_CONNECTIONS}`);
}

function roleOf(text: string, url: string | null): ServerRole {
  const role = SERVER_ROLES.find((known) => known === text);
  if (role === undefined) {
    throw new Error(
      `--role must be one of ${SERVER_ROLES.join(', ')}, not ${JSON.stringify(text)}`,
    );
  }
  if (role === 'all' || url !== null) return role;
  throw new Error(
    `--role ${role} needs a PostgreSQL database that servers can share: set DATABASE_URL to it`,
  );
}

function databaseUrl(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  if (protocol === 'postgres:' || protocol === 'postgresql:') return text;
  // It may hold a password, so it is not shown.
  throw new Error(
    'DATABASE_URL must be like postgres://user:password@host:5432/database; unset, an SQLite file is used',
  );
}

const UNITS: Record<string, number> = { '': 1, k: 1024, m: MIB, g: GIB, t: 1024 * GIB };

/** `5GiB`, bytes, or `2%`; 0 never refuses. */
function diskLimit(text: string | undefined): ServerConfig['diskLimit'] {
  if (text === undefined || text === '') return null;
  const [, percent] = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim()) ?? [];
  if (percent !== undefined && Number(percent) < 100) return { fraction: Number(percent) / 100 };
  const bytes = bytesOf(text);
  if (bytes !== null) return { bytes };
  throw new Error(
    `BYTENITE_LOW_DISK must be a size like 5GiB or a part of the disk like 2%, not ${JSON.stringify(text)}`,
  );
}

function sizeOf(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const bytes = bytesOf(text);
  if (bytes !== null) return bytes;
  throw new Error(`${name} must be a size like 10GiB, not ${JSON.stringify(text)}`);
}

function taskMemory(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const bytes = bytesOf(text);
  if (bytes !== null && bytes > 0) return bytes;
  throw new Error(
    `BYTENITE_MAX_TASK_MEMORY must be a size like 16GiB, not ${JSON.stringify(text)}; unset, it is what the largest runner has`,
  );
}

/** `5GiB`, `5g` or bytes; null for anything else. */
function bytesOf(text: string): number | null {
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const factor = UNITS[unit.toLowerCase()];
  return amount === undefined || factor === undefined ? null : Math.floor(Number(amount) * factor);
}

const RETENTION_HOURS = 48;
/** A hundred years: times stay within what can be written as one. */
const MAX_HOURS = 876_000;

function retentionHours(env: NodeJS.ProcessEnv): number {
  const text = env['BYTENITE_RETENTION_HOURS'] || String(RETENTION_HOURS);
  const hours = Number(text);
  if (hours > 0 && hours <= MAX_HOURS) return hours;
  throw new Error(
    `BYTENITE_RETENTION_HOURS must be a number above 0, at most ${MAX_HOURS}, not ${JSON.stringify(text)}`,
  );
}

function numberOf(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  return text === undefined ? fallback : wholeNumber(name, text);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${name} must be a whole number, not ${JSON.stringify(text)}`);
  }
  return value;
}

/** Reads `USD=0.0331,EUR=0.0305`; without USD its rate is the default. */
function exchangeRates(text = ''): Map<string, number> {
  const rates = new Map([['USD', 0.0331]]);
  for (const item of text.split(',').filter((part) => part.trim() !== '')) {
    const [, currency, rate] = /^\s*([A-Za-z]{3})\s*=\s*(\d+(?:\.\d+)?)\s*$/.exec(item) ?? [];
    if (currency === undefined || !(Number(rate) > 0)) {
      throw new Error(
        `BYTENITE_EXCHANGE_RATES must be like USD=0.0331,EUR=0.0305, not ${JSON.stringify(text)}`,
      );
    }
    rates.set(currency.toUpperCase(), Number(rate));
  }
  return rates;
}

function positiveOf(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const value = numberOf(env, name, fallback);
  if (value === 0) throw new Error(`${name} must be above 0`);
  return value;
}
