import { ApiError, notFound, precondition } from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import { BlobTooLarge } from '../../blob/blob-store.ts';
import type { Context } from '../../context.ts';
import { findJobByNo, lockJob } from '../../store/jobs.ts';
import { findUpload, insertGarbage, saveUpload } from '../../store/records.ts';
import type { JobRow } from '../../store/tables.ts';
import type { Account } from '../auth/account.ts';
import { dataPrefix } from '../job-keys.ts';
import { requireSpace, whileRoom } from '../require-space.ts';
import { ALREADY_STARTED, jobOf } from './draft.ts';

/** How long a tempUrl can be used. */
export const UPLOAD_URL_MS = 24 * 3600 * 1000;

export interface IncomingFile {
  jobNo: number;
  body: AsyncIterable<Uint8Array>;
  /** As announced. */
  size: number | null;
  /** From the request; may be empty. */
  name: string;
  signal: AbortSignal;
}

/** Takes the file of a signed tempUrl. The last complete upload counts; starting the job seals it. */
export async function receiveUpload(ctx: Context, file: IncomingFile): Promise<void> {
  checkOpen(await findJobByNo(ctx.store.db, file.jobNo));
  await requireSpace(ctx, file.size ?? 0);
  const key = `${dataPrefix(file.jobNo)}/upload/${uuidv7()}`;
  const { size, sha256 } = await store(ctx, key, file);
  try {
    await ctx.store.transact(async (tx) => {
      checkOpen(await lockJob(tx, file.jobNo));
      const earlier = await findUpload(tx, file.jobNo);
      if (earlier === undefined) throw notFound('upload');
      if (earlier.key !== null) await insertGarbage(tx, earlier.key, ctx.now());
      await saveUpload(tx, {
        job: file.jobNo,
        key,
        name: file.name,
        size_bytes: size,
        sha256,
        state: 'received',
      });
    });
  } catch (error) {
    await ctx.blobs.deletePrefix(key);
    throw error;
  }
}

async function store(ctx: Context, key: string, file: IncomingFile) {
  const maxBytes = ctx.config.limits.sourceBytes;
  try {
    return await ctx.blobs.put(key, whileRoom(ctx, file.body, 'new work'), {
      signal: file.signal,
      maxBytes,
    });
  } catch (error) {
    if (!(error instanceof BlobTooLarge)) throw error;
    throw new ApiError('INVALID_ARGUMENT', `the file is larger than ${maxBytes} bytes`);
  }
}

function checkOpen(job: JobRow | undefined): void {
  if (job === undefined) throw notFound('job');
  if (job.state !== 'NEW') throw precondition(ALREADY_STARTED);
}

export async function completeUpload(ctx: Context, account: Account, id: string): Promise<void> {
  const seen = await jobOf(ctx, account, id);
  await ctx.store.transact(async (tx) => {
    checkOpen(await lockJob(tx, seen.no));
    const upload = await findUpload(tx, seen.no);
    if (upload === undefined || upload.state === 'open') {
      throw precondition('no file has been uploaded');
    }
    await saveUpload(tx, { ...upload, state: 'completed' });
  });
}
