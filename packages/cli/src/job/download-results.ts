import path from 'node:path';
import type { Client } from '@bytenite/client';
import { downloadFile } from '@bytenite/client/node';
import { CliError } from '../errors.ts';
import { openOutFolder } from '../terminal/out-folder.ts';

const AT_ONCE = 4;

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
  const { results } = await client.call('Customer_GetResults', { params: { jobId } }, { signal });
  openOutFolder(folder);
  const targets = results.map(({ name, link }) => ({ link, file: placeInside(folder, name) }));
  let bytes = 0;
  const queue = targets[Symbol.iterator]();
  const worker = async () => {
    for (const { link, file } of queue) {
      const size = await downloadFile(link, file, { signal });
      bytes += size;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { files: targets.length, bytes };
}

/** Names come from whoever made the job's components: none may lead out of the folder. */
export function placeInside(folder: string, name: string): string {
  const file = path.join(folder, name);
  const relative = path.relative(folder, file);
  const isInside =
    relative !== '' && !path.isAbsolute(relative) && relative.split(path.sep)[0] !== '..';
  if (isInside && !path.isAbsolute(name)) return file;
  throw new CliError(`a result is called ${JSON.stringify(name)}, which is not safe to write`, {
    why: [`it would lie outside of ${folder}`],
  });
}
