/**
 * Backups that are being written from this server's data directory. While one is, nothing is deleted from
 * the blob store: the snapshot of the database goes on naming what is garbage by now. Whoever writes it
 * renews its session; one that is not renewed ends, so that a writer that died keeps nothing for good.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';

/** A writer renews far more often; so long blobs stay after it died. */
export const HOLD_MS = 10 * 60_000;
/** Each has a copy of the database on disk. */
const MAX_SESSIONS = 4;

export interface BackupSession {
  id: string;
  account: string;
  /** The snapshot's path. */
  file: string;
  holdUntil: number;
}

export interface BackupSessions {
  /** Where snapshots lie. */
  folder: string;
  /** Ends the account's earlier session; null when there are too many others. */
  begin: (account: string, now: number) => Promise<BackupSession | null>;
  renew: (id: string, now: number) => BackupSession | null;
  /** False for one that is not there, or no more. */
  end: (id: string) => Promise<boolean>;
  /** Ends those that were not renewed; whether any is left. */
  expire: (now: number) => Promise<boolean>;
}

export function createBackupSessions(dataDir: string): BackupSessions {
  const folder = path.join(dataDir, 'backup');
  const sessions = new Map<string, BackupSession>();

  async function end(id: string): Promise<boolean> {
    const session = sessions.get(id);
    if (session === undefined) return false;
    sessions.delete(id);
    await rm(session.file, { force: true });
    return true;
  }

  async function endWhere(isOver: (session: BackupSession) => boolean): Promise<void> {
    for (const session of [...sessions.values()].filter(isOver)) await end(session.id);
  }

  return {
    folder,
    async begin(account, now) {
      await endWhere((session) => session.account === account || session.holdUntil <= now);
      if (sessions.size >= MAX_SESSIONS) return null;
      const id = randomUUID();
      const file = path.join(folder, `${id}.db`);
      const session = { id, account, file, holdUntil: now + HOLD_MS };
      sessions.set(id, session);
      return session;
    },
    renew(id, now) {
      const session = sessions.get(id);
      if (session === undefined || session.holdUntil <= now) return null;
      session.holdUntil = now + HOLD_MS;
      return session;
    },
    end,
    async expire(now) {
      await endWhere((session) => session.holdUntil <= now);
      return sessions.size > 0;
    },
  };
}
