/** The server's program: makes the context, serves, and shuts down when told. */
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { listen } from './api/listen.ts';
import { createApp } from './api/app.ts';
import { refuseUnfinishedRestore } from './backup/unfinished-restore.ts';
import { openDiskBlobStore } from './blob/disk.ts';
import { readConfig, type ServerConfig } from './config/config.ts';
import type { Context } from './context.ts';
import { ensureFirstUser, type FirstUser } from './engine/auth/ensure-first-user.ts';
import { watchDiskSpace } from './disk-space.ts';
import { createBackupSessions } from './engine/backup/backup-sessions.ts';
import { newOrphanTally } from './engine/orphans.ts';
import { createRunnerDirectory } from './engine/runners.ts';
import { checkInstallation } from './installation.ts';
import { openLinkSigner } from './links.ts';
import { createLogger } from './logging.ts';
import { keepRunnersInSync } from './scheduler/runner-sync.ts';
import { startScheduler } from './scheduler/scheduler.ts';
import { createSchemaValidator } from './schema/validate.ts';
import { shareSignals } from './shared-signals.ts';
import { createSignals } from './signals.ts';
import { databaseFile } from './store/database-file.ts';
import { lockDataDir } from './store/process-lock.ts';
import { openPostgresStore } from './store/postgres-store.ts';
import { sqliteReader } from './store/sqlite-reader.ts';
import { sqliteDialect } from './store/sqlite.ts';
import { openStore, type Store } from './store/store.ts';
import { createUrlGuard } from './transfer/url-guard.ts';
import { masterKeysOf } from './vault/master-key-source.ts';
import { openVault } from './vault/vault.ts';

async function openDatabase({ databaseUrl, database, dataDir }: ServerConfig): Promise<Store> {
  if (databaseUrl !== null) {
    return openPostgresStore({ url: databaseUrl, ...database }).catch((error: unknown) => {
      throw withCause(`${nameOf(databaseUrl)} cannot be used`, error);
    });
  }
  const file = databaseFile(dataDir);
  return openStore(sqliteDialect(file), 'sqlite', sqliteReader(file));
}

/** Where the database is, without the password. */
function nameOf(databaseUrl: string): string {
  const { host, pathname } = new URL(databaseUrl);
  return `DATABASE_URL (${host}${pathname})`;
}

/** All that is known, in one line: whoever starts a server sees nothing else. */
function withCause(message: string, error: unknown): Error {
  const words = [message];
  for (let cause = error; cause instanceof Error; cause = cause.cause) words.push(cause.message);
  return new Error(words.join(': '), { cause: error });
}

interface Begun {
  ctx: Context;
  first: FirstUser;
}

/** Where servers share a database, one begins after the other: the first makes what all of them need. */
async function begin(config: ServerConfig, stopping: AbortSignal): Promise<Begun> {
  const store = await openDatabase(config);
  const act = async () => {
    const ctx = await openContext(config, store, stopping);
    return { ctx, first: await ensureFirstUser(ctx, config.presetApiKey) };
  };
  try {
    return await (store.shared === null ? act() : store.shared.alone('start', act));
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openContext(
  config: ServerConfig,
  store: Store,
  stopping: AbortSignal,
): Promise<Context> {
  const logger = createLogger(config.logLevel);
  const blobs = await openDiskBlobStore({
    dir: path.join(config.dataDir, 'blobs'),
    shared: store.shared !== null,
  });
  if (store.shared !== null) await checkInstallation(store.db, blobs);
  const signals = createSignals();
  return {
    config,
    store,
    blobs,
    now: store.now,
    logger,
    guard: createUrlGuard({
      allowPrivate: config.allowPrivateUrls,
      idleTimeoutMs: config.limits.idleMs,
    }),
    schemas: createSchemaValidator(),
    links: await openLinkSigner(store.db),
    vault: await openVault(store, masterKeysOf(config), logger),
    signals: store.shared === null ? signals : shareSignals(signals, store.shared, stopping),
    runners: createRunnerDirectory(config.leaseMs),
    backups: createBackupSessions(config.dataDir),
    disk: await watchDiskSpace(config.dataDir, config.diskLimit, logger),
    orphans: newOrphanTally(),
    stopping,
  };
}

async function main(): Promise<void> {
  // Whatever this process writes is for nobody else on this machine.
  process.umask(0o077);
  const config = readConfig(process.argv.slice(2), process.env);
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  const lock = config.databaseUrl === null ? lockDataDir(lockFile(config)) : null;
  await refuseUnfinishedRestore(config.dataDir);
  // Snapshots of a server that was killed.
  await rm(path.join(config.dataDir, 'backup'), { recursive: true, force: true });
  const stop = new AbortController();
  const { ctx, first } = await begin(config, stop.signal).catch((error: unknown) => {
    stop.abort();
    throw error;
  });
  const runnerToken = (await readFile(config.runnerTokenFile, 'utf8')).trim();
  const healthOnly = config.role === 'scheduler';
  const server = await listen(createApp(ctx, { runnerToken, healthOnly }), config, ctx.logger);
  const scheduler = config.role === 'api' ? null : await startScheduler(ctx);
  const synced = healthOnly ? null : keepRunnersInSync(ctx, stop.signal);
  ctx.logger.info({ port: server.port, host: config.host }, 'server is ready');
  process.send?.({ ready: true, port: server.port, apiKeyCreated: first.created });

  await stopRequest();
  ctx.logger.info('server is stopping');
  stop.abort();
  ctx.signals.notify('runnable'); // long polls look up
  await scheduler?.close();
  await server.close();
  await synced;
  await ctx.schemas.close();
  await ctx.blobs.close();
  await ctx.store.close();
  lock?.release();
}

function lockFile({ dataDir }: ServerConfig): string {
  return path.join(dataDir, 'server.lock');
}

/** A signal, or the end of the supervisor that started this process. */
function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
    process.once('disconnect', () => resolve());
  });
}

try {
  await main();
  process.disconnect?.();
} catch (error) {
  process.stderr.write(
    `bytenite server: ${error instanceof Error ? error.message : String(error)}\n`,
  );
  process.exitCode = 1;
  process.disconnect?.();
}
