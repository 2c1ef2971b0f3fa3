/** What a lease lets its runner read and write beside the exchange. */
import {
  encodeFrameLine,
  END_FRAME,
  INPUT_PATHS,
  notFound,
  type StoredResult,
} from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import type { Context } from '../../context.ts';
import { findRevisionByHash } from '../../store/components.ts';
import { findLease } from '../../store/leases.ts';
import { insertGarbage } from '../../store/records.ts';
import type { LeaseRow } from '../../store/tables.ts';
import { findTask } from '../../store/tasks.ts';
import { streamInput } from '../input-index.ts';
import { resultsPrefix } from '../job-keys.ts';
import { requireRoom, whileRoom } from '../require-space.ts';
import { runnerIdOf, type RunnerTokenHolder } from '../runners/runner-token.ts';

/** The input of a leased task as a file stream. */
export async function openInput(
  ctx: Context,
  leaseId: string,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  const lease = await leaseOf(ctx, leaseId);
  const task = await findTask(ctx.store.db, lease.job, lease);
  if (task?.source_key == null) throw notFound('input');
  if (lease.kind !== 'APP') return streamInput(ctx.blobs, task.source_key, signal);
  return streamChunk(ctx, task.source_key, task.source_offset, task.source_length, signal);
}

/** A chunk has no digest of its own: it is a range of a file that has one. */
async function* streamChunk(
  ctx: Context,
  key: string,
  offset: number,
  length: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(encodeFrameLine({ path: INPUT_PATHS.chunk, size: length, sha256: '' }));
  yield* await ctx.blobs.stream(key, { offset, length }, signal);
  yield Buffer.from(END_FRAME);
}

/** What was stored for a report that never came is collected this long after its attempt must have ended. */
const UNREPORTED_MS = 24 * 3600 * 1000;

export interface IncomingResult {
  body: AsyncIterable<Uint8Array>;
  /** What its files have, which is nearly all of it. */
  atLeast: number;
}

/**
 * Stores a bundle too large for an exchange, below the attempt's own key. It is named as garbage first;
 * the transaction that commits it takes the name away, so nothing stays that nobody commits.
 */
export async function storeResult(
  ctx: Context,
  leaseId: string,
  { body, atLeast }: IncomingResult,
  signal: AbortSignal,
): Promise<StoredResult> {
  const lease = await leaseOf(ctx, leaseId);
  await requireRoom(ctx, atLeast, 'results');
  const attempt = [lease.kind, lease.run, lease.chunk, lease.attempt].join('-').toLowerCase();
  const key = `${resultsPrefix(lease.job)}/${attempt}/${uuidv7()}`;
  await insertGarbage(ctx.store.db, key, ctx.now() + ctx.config.stagingMs + UNREPORTED_MS);
  return { key, ...(await ctx.blobs.put(key, whileRoom(ctx, body, 'results'), { signal })) };
}

/** A package by the hex SHA-256 of its canonical tar. */
export async function findPackage(
  ctx: Context,
  hexHash: string,
): Promise<{ key: string; size: number }> {
  const hash = Buffer.from(hexHash, 'hex').toString('base64');
  const revision = await findRevisionByHash(ctx.store.db, hash);
  if (revision === undefined) throw notFound('package');
  return { key: revision.blob_key, size: revision.size_bytes };
}

/** Throws 404 for a lease that no runner of this token holds. */
export async function requireLeaseOf(
  ctx: Context,
  token: RunnerTokenHolder,
  leaseId: string,
): Promise<void> {
  const { runner } = await leaseOf(ctx, leaseId);
  if (!runner.endsWith(runnerIdOf(token, ''))) throw notFound('lease');
}

/** The id of a lease is random and known to its runner only. */
export async function leaseOf(ctx: Context, id: string): Promise<LeaseRow> {
  const lease = await findLease(ctx.store.db, id);
  if (lease === undefined) throw notFound('lease');
  return lease;
}
