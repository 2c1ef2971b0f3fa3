/**
 * Several servers on one database are one platform only where they share the files too: the database holds
 * an id, and the blob store an object of that name.
 */
import { v7 as uuidv7 } from 'uuid';
import { BlobNotFound, type BlobStore } from './blob/blob-store.ts';
import { readMeta, writeMeta } from './store/meta.ts';
import type { Db } from './store/store.ts';

const META_KEY = 'installation';
const FOLDER = 'installation';

/** Throws where the blob store is another than that of the servers before; one server at a time. */
export async function checkInstallation(db: Db, blobs: BlobStore): Promise<void> {
  const known = await readMeta(db, META_KEY);
  if (known === null) {
    const id = uuidv7();
    // The object first: a crash in between leaves an object that nobody asks for.
    await blobs.put(keyOf(id), Buffer.from(`${id}\n`));
    await writeMeta(db, META_KEY, id);
    return;
  }
  try {
    await blobs.size(keyOf(known));
  } catch (error) {
    if (!(error instanceof BlobNotFound)) throw error;
    throw new Error(
      `the files of this database (installation ${known}) lie in another place: start this server with the same data directory as the others, on a file system that all of them share`,
      { cause: error },
    );
  }
}

/** Names of other databases that have, or had, their files in this blob store. */
export async function otherInstallations(db: Db, blobs: BlobStore): Promise<string[]> {
  const known = await readMeta(db, META_KEY);
  const others: string[] = [];
  for await (const key of blobs.list(FOLDER)) {
    if (known === null || key !== keyOf(known)) others.push(key);
  }
  return others;
}

function keyOf(id: string): string {
  return `${FOLDER}/${id}`;
}
