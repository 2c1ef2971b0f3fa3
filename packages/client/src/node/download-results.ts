import path from 'node:path';
import type { Client } from '../client.ts';
import type { JobResult } from '../run-job.ts';
import type { TransferOptions } from '../transfer.ts';
import { downloadFile } from './download.ts';

const AT_ONCE = 4;

export interface Downloaded {
  /** Where the files lie now, in the order of the results. */
  files: string[];
  bytes: number;
}

/** A result's name leads out of the folder that it was to be written to. */
export class UnsafeNameError extends Error {
  override readonly name = 'UnsafeNameError';
  /** The name. */
  readonly result: string;

  constructor(result: string, folder: string) {
    super(`a result is called ${JSON.stringify(result)}: it would lie outside of ${folder}`);
    this.result = result;
  }
}

/** Downloads every delivered file of a job, or those of its results that are given, into a folder, under their names. */
export async function downloadResults(
  client: Client,
  job: string | readonly JobResult[],
  folder: string,
  options: TransferOptions = {},
): Promise<Downloaded> {
  const { signal } = options;
  const stop = new AbortController();
  const transfer = { fetch: client.fetch, ...options, signal: bothOf(stop.signal, signal) };
  const call = signal === undefined ? {} : { signal };
  const results = typeof job === 'string' ? await client.jobs.results(job, call) : job;
  const targets = results.map(({ name, link }) => ({ link, file: placeInside(folder, name) }));
  let bytes = 0;
  const queue = targets[Symbol.iterator]();
  const worker = async () => {
    for (const { link, file } of queue) {
      const size = await downloadFile(link, file, transfer);
      // Not in one statement: the others add to it while this one waits.
      bytes += size;
    }
  };
  const workers = Array.from({ length: AT_ONCE }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    // Whoever is told of the failure finds nothing that still writes files.
    stop.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
  return { files: targets.map(({ file }) => file), bytes };
}

function bothOf(own: AbortSignal, outer: AbortSignal | undefined): AbortSignal {
  return outer === undefined ? own : AbortSignal.any([own, outer]);
}

/** Names come from whoever made the job's components: none may lead out of the folder. */
export function placeInside(folder: string, name: string): string {
  const file = path.join(folder, name);
  const relative = path.relative(folder, file);
  const isInside =
    relative !== '' && !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
  if (isInside && !path.isAbsolute(name)) return file;
  throw new UnsafeNameError(name, folder);
}
