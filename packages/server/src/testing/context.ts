/** A context like main.ts makes it, on a folder of its own and with a clock that tests move. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { vi } from 'vitest';
import { openDiskBlobStore } from '../blob/disk.ts';
import { readConfig, type ServerConfig } from '../config/config.ts';
import type { Context } from '../context.ts';
import type { Account } from '../engine/auth/account.ts';
import { watchDiskSpace } from '../disk-space.ts';
import { createBackupSessions } from '../engine/backup/backup-sessions.ts';
import { newOrphanTally } from '../engine/orphans.ts';
import { createRunnerDirectory } from '../engine/runners.ts';
import { openLinkSigner } from '../links.ts';
import { createSchemaValidator } from '../schema/validate.ts';
import { createSignals } from '../signals.ts';
import { sqliteDialect } from '../store/sqlite.ts';
import { openStore } from '../store/store.ts';
import { createUrlGuard } from '../transfer/url-guard.ts';
import { masterKeysOf } from '../vault/master-key-source.ts';
import { openVault } from '../vault/vault.ts';
import { openTestStore, takeDatabase } from './postgres.ts';
import { addAccount, T0 } from './rows.ts';

// A test's end reads all that it left; every commit is synced to a disk that others may be using.
vi.setConfig({ hookTimeout: 30_000 });

export interface TestContext extends Context {
  /** The account that tests act for. */
  account: Account;
  /** Moves the clock, back where `ms` is negative. */
  advance: (ms: number) => void;
  /** Closes what this context holds and opens the same folder anew, as another process would. */
  restart: () => Promise<TestContext>;
  /** Closes it and deletes the folder. */
  dispose: () => Promise<void>;
}

export async function createTestContext(
  overrides: Partial<ServerConfig> = {},
): Promise<TestContext> {
  const dir = await mkdtemp(path.join(tmpdir(), 'server-'));
  const database = ON_POSTGRES ? await takeDatabase() : null;
  const config = {
    ...readConfig(['--data-dir', dir, '--allow-shared-process-tier'], {}),
    allowPrivateUrls: true,
    databaseUrl: database?.url ?? null,
    ...overrides,
  };
  const clock = { now: T0, release: async () => database?.release() };
  const parts = await openParts(config, clock);
  const id = await addAccount(parts.store);
  return withControls(parts, clock, { id, userName: id, role: 'ROLE_ADMIN' });
}

interface Clock {
  now: number;
  release: () => Promise<void>;
}

/** Where this run of the tests keeps its rows. */
const ON_POSTGRES = process.env['BYTENITE_TEST_STORE'] === 'postgres';

async function openParts(config: ServerConfig, clock: Clock): Promise<Context> {
  const store = await (config.databaseUrl === null
    ? openStore(sqliteDialect(path.join(config.dataDir, 'bytenite.db')), 'sqlite')
    : openTestStore(config.databaseUrl));
  const logger = pino({ level: 'silent' });
  return {
    config,
    store,
    blobs: await openDiskBlobStore({ dir: path.join(config.dataDir, 'blobs') }),
    now: () => clock.now,
    logger,
    guard: createUrlGuard({ allowPrivate: config.allowPrivateUrls }),
    schemas: createSchemaValidator(),
    links: await openLinkSigner(store.db),
    vault: await openVault(store, masterKeysOf(config), logger),
    signals: createSignals(),
    runners: createRunnerDirectory(config.leaseMs),
    backups: createBackupSessions(config.dataDir),
    disk: await watchDiskSpace(config.dataDir, config.diskLimit, logger),
    orphans: newOrphanTally(),
    stopping: new AbortController().signal,
  };
}

function withControls(parts: Context, clock: Clock, account: Account): TestContext {
  return {
    ...parts,
    account,
    advance(ms) {
      clock.now += ms;
    },
    async restart() {
      await closeParts(parts);
      return withControls(await openParts(parts.config, clock), clock, account);
    },
    async dispose() {
      await closeParts(parts);
      await clock.release();
      await rm(parts.config.dataDir, { recursive: true, force: true });
    },
  };
}

async function closeParts({ guard, schemas, blobs, store }: Context): Promise<void> {
  await Promise.all([guard.close(), schemas.close(), blobs.close(), store.close()]);
}
