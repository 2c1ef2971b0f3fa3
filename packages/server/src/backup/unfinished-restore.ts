/** A restore leaves this file until all is in place: no server starts on half a data directory. */
import { access } from 'node:fs/promises';
import path from 'node:path';

export function restoreMark(dataDir: string): string {
  return path.join(dataDir, 'restore-unfinished');
}

export async function refuseUnfinishedRestore(dataDir: string): Promise<void> {
  const isThere = await access(restoreMark(dataDir)).then(
    () => true,
    () => false,
  );
  if (isThere) {
    throw new Error(
      `a restore into ${dataDir} was cut off or is still going on: when it is not, empty the directory and restore again`,
    );
  }
}
