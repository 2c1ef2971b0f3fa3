/** What every use case is given, made in one place: main.ts, or a test. */
import type { Logger } from 'pino';
import type { BlobStore } from './blob/blob-store.ts';
import type { ServerConfig } from './config/config.ts';
import type { DiskSpace } from './disk-space.ts';
import type { BackupSessions } from './engine/backup/backup-sessions.ts';
import type { OrphanTally } from './engine/orphans.ts';
import type { LinkSigner } from './links.ts';
import type { RunnerDirectory } from './engine/runners.ts';
import type { SchemaValidator } from './schema/validate.ts';
import type { Signals } from './signals.ts';
import type { Store } from './store/store.ts';
import type { UrlGuard } from './transfer/url-guard.ts';
import type { Vault } from './vault/vault.ts';

export interface Context {
  config: ServerConfig;
  store: Store;
  blobs: BlobStore;
  /** Epoch milliseconds. */
  now: () => number;
  logger: Logger;
  guard: UrlGuard;
  schemas: SchemaValidator;
  links: LinkSigner;
  vault: Vault;
  signals: Signals;
  runners: RunnerDirectory;
  backups: BackupSessions;
  disk: DiskSpace;
  orphans: OrphanTally;
  /** Aborts when the process stops: what waits on purpose (long polls, event streams) ends then. */
  stopping: AbortSignal;
}
