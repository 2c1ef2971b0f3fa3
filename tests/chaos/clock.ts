/** A clock that can be set for one program and all that it starts: Debian's libfaketime. */
import { access } from 'node:fs/promises';

const PLACES = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].map(
  (machine) => `/usr/lib/${machine}/faketime/libfaketimeMT.so.1`,
);

/** Null, and said aloud, where it is not installed. */
export async function findFaketime(): Promise<string | null> {
  for (const place of PLACES) {
    const isThere = await access(place).then(
      () => true,
      () => false,
    );
    if (isThere) return place;
  }
  process.stderr.write('SKIPPED, the clock that jumps: no libfaketime (Debian: libfaketime)\n');
  return null;
}

/** The time of day is the real one moved by what the file says; the steady clock stays. */
export function clockVariables(library: string, file: string): Record<string, string> {
  return {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
    NO_FAKE_STAT: '1',
  };
}
