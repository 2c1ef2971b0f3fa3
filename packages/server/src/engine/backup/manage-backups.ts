/**
 * What a running server does for a backup: a snapshot of its database in its data directory, and a hold on
 * deletions. The caller copies both from there, so only whoever can read that directory gets anything.
 */
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { ApiError, notFound, precondition } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { databaseFile } from '../../store/database-file.ts';
import { writeSnapshot } from '../../store/snapshot.ts';
import type { Caller } from '../auth/account.ts';
import { requireAdmin } from '../auth/require-admin.ts';
import { requireRoom } from '../require-space.ts';
import { HOLD_MS, type BackupSession } from './backup-sessions.ts';

export interface BackupView {
  id: string;
  /** Below the data directory. */
  file: string;
  holdSeconds: number;
}

export async function beginBackup(ctx: Context, account: Caller): Promise<BackupView> {
  requireAdmin(account);
  if (ctx.store.dialect !== 'sqlite') {
    throw precondition(
      "the database is not in the data directory: back it up with its own tools, like pg_dump, and the data directory's blobs/ after it",
    );
  }
  const session = await ctx.backups.begin(account.id, ctx.now());
  if (session === null) {
    throw new ApiError('RESOURCE_EXHAUSTED', 'too many backups are being written', {
      retryAfter: HOLD_MS / 1000,
    });
  }
  try {
    const { size } = await stat(databaseFile(ctx.config.dataDir));
    await requireRoom(ctx, size, 'results');
    await mkdir(ctx.backups.folder, { recursive: true, mode: 0o700 });
    await writeSnapshot(databaseFile(ctx.config.dataDir), session.file);
  } catch (error) {
    await ctx.backups.end(session.id);
    throw error;
  }
  if (ctx.backups.renew(session.id, ctx.now()) !== null) return viewOf(ctx, session);
  // Begun anew meanwhile: that one's end did not find this file yet.
  await rm(session.file, { force: true });
  throw new ApiError('ABORTED', 'another backup of yours was begun meanwhile');
}

export function renewBackup(ctx: Context, account: Caller, id: string): BackupView {
  requireAdmin(account);
  const session = ctx.backups.renew(id, ctx.now());
  if (session === null) throw notFound('backup');
  return viewOf(ctx, session);
}

export async function endBackup(ctx: Context, account: Caller, id: string): Promise<void> {
  requireAdmin(account);
  if (!(await ctx.backups.end(id))) throw notFound('backup');
}

function viewOf(ctx: Context, session: BackupSession): BackupView {
  const file = path.relative(ctx.config.dataDir, session.file);
  return { id: session.id, file, holdSeconds: HOLD_MS / 1000 };
}
