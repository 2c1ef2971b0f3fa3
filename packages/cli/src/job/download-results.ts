import type { Client } from '@bytenite/client';
import { downloadResults as download, UnsafeNameError } from '@bytenite/client/node';
import { CliError } from '../errors.ts';
import { openOutFolder } from '../terminal/out-folder.ts';

export interface Downloaded {
  files: number;
  bytes: number;
}

/** Downloads every delivered file of a job into a folder, under its own name. */
export async function downloadResults(
  client: Client,
  jobId: string,
  folder: string,
  signal: AbortSignal,
): Promise<Downloaded> {
  const results = await client.jobs.results(jobId, { signal });
  openOutFolder(folder);
  try {
    const { files, bytes } = await download(client, results, folder, { signal });
    return { files: files.length, bytes };
  } catch (error) {
    if (!(error instanceof UnsafeNameError)) throw error;
    throw new CliError(
      `a result is called ${JSON.stringify(error.result)}, which is not safe to write`,
      {
        why: [`it would lie outside of ${folder}`],
      },
    );
  }
}
