/**
 * Before the transaction: what came in the message's tail is written as one result pack and one log
 * pack per job. A crash after this leaves only orphans inside the job's own prefix.
 */
import { hash } from 'node:crypto';
import {
  LOG_LEVELS,
  tailSlice,
  TASK_KINDS,
  type EndReport,
  type ExchangeRequest,
  type LogReport,
} from '@bytenite/contract';
import { v7 as uuidv7 } from 'uuid';
import { BlobKeyInvalid, BlobNotFound, type BlobStore } from '../../blob/blob-store.ts';
import type { LogPackTable } from '../../store/tables.ts';
import { groupBy } from '../group-by.ts';
import { dataPrefix, logPrefix, resultsPrefix } from '../job-keys.ts';

export interface BundlePlace {
  key: string;
  offset: number;
  length: number;
  sha256: string;
}

export interface Packs {
  /** Where each successful report's bundle lies, by lease. */
  bundles: Map<string, BundlePlace>;
  logs: Omit<LogPackTable, 'n' | 'account'>[];
}

export async function writePacks(
  blobs: BlobStore,
  request: ExchangeRequest,
  tail: Uint8Array,
): Promise<Packs> {
  const [bundles, logs] = await Promise.all([
    writeResults(blobs, request.ended, tail),
    writeLogs(blobs, request.logs, tail),
  ]);
  return { bundles, logs };
}

async function writeResults(
  blobs: BlobStore,
  reports: readonly EndReport[],
  tail: Uint8Array,
): Promise<Map<string, BundlePlace>> {
  const places = new Map<string, BundlePlace>();
  const byJob = new Map<number, { lease: string; bytes: Uint8Array; sha256: string }[]>();
  for (const { lease, ref, outcome } of reports) {
    if (!outcome.ok) continue;
    if ('stored' in outcome.result) {
      const { key, size: length, sha256 } = outcome.result.stored;
      if (await isStored(blobs, ref.job, key, length)) {
        places.set(lease, { key, offset: 0, length, sha256 });
      }
      continue;
    }
    const { inline, sha256 } = outcome.result;
    const bytes = tailSlice(tail, inline);
    // Without a place the report counts as an output that failed, and the attempt is repeated.
    if (hash('sha256', bytes, 'base64url') !== sha256) continue;
    const list = byJob.get(ref.job) ?? [];
    byJob.set(ref.job, list);
    list.push({ lease, bytes, sha256 });
  }
  await Promise.all(
    [...byJob].map(async ([job, results]) => {
      const key = `${dataPrefix(job)}/packs/${uuidv7()}`;
      await blobs.put(
        key,
        results.map(({ bytes }) => bytes),
      );
      let offset = 0;
      for (const { lease, bytes, sha256 } of results) {
        places.set(lease, { key, offset, length: bytes.byteLength, sha256 });
        offset += bytes.byteLength;
      }
    }),
  );
  return places;
}

/** A report is believed only about what is there, below its own job's results. */
async function isStored(
  blobs: BlobStore,
  job: number,
  key: string,
  length: number,
): Promise<boolean> {
  if (!key.startsWith(`${resultsPrefix(job)}/`)) return false;
  try {
    return (await blobs.size(key)) === length;
  } catch (error) {
    if (error instanceof BlobNotFound || error instanceof BlobKeyInvalid) return false;
    throw error;
  }
}

/** Bit i stands for the i-th name of a list. */
export function bitOf<T extends string>(names: readonly T[], name: T): number {
  return 1 << names.indexOf(name);
}

/** A log pack is JSON lines: a header `{k, r, n, a}` (kind, run, chunk, attempt), then that attempt's lines. */
async function writeLogs(
  blobs: BlobStore,
  reports: readonly LogReport[],
  tail: Uint8Array,
): Promise<Packs['logs']> {
  const byJob = groupBy(reports, ({ ref }) => ref.job);
  return Promise.all(
    [...byJob].map(async ([job, list]) => {
      const parts = list.flatMap((report) => [
        Buffer.from(logHeader(report)),
        tailSlice(tail, report),
      ]);
      const key = `${logPrefix(job)}/${uuidv7()}`;
      const { size } = await blobs.put(key, parts);
      return {
        job,
        from_at: Math.floor(Math.min(...list.map((report) => report.from))),
        to_at: Math.ceil(Math.max(...list.map((report) => report.to))),
        levels: list.reduce((bits, { levels }) => bits | bitsOf(levels), 0),
        kinds: list.reduce((bits, { ref }) => bits | bitOf(TASK_KINDS, ref.kind), 0),
        chunk_from: Math.min(...list.map(({ ref }) => ref.chunk)),
        chunk_to: Math.max(...list.map(({ ref }) => ref.chunk)),
        key,
        length: size,
      };
    }),
  );
}

function bitsOf(levels: LogReport['levels']): number {
  return levels.reduce((bits, level) => bits | bitOf(LOG_LEVELS, level), 0);
}

function logHeader({ ref }: LogReport): string {
  return `${JSON.stringify({ k: ref.kind, r: ref.run, n: ref.chunk, a: ref.attempt })}\n`;
}
