/** A clock that can be set for one program and all that it starts: Debian's libfaketime. */
import { access } from 'node:fs/promises';

const PLACES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`,
);

/**
 * The library; undefined where it is not installed.
 *
 * @returns {Promise<string | undefined>}
 */
export async function findFaketime() {
  for (const place of PLACES) {
    const isThere = await access(place).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  return undefined;
}
