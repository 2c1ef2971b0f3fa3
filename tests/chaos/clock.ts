/** The clock of one program and all that it starts, which can be set. */
import { findFaketime } from '../../scripts/lib/faketime.js';

/** Null, and said aloud, where there is none. */
export async function openClock(): Promise<string | null> {
  const library = await findFaketime();
  if (library !== undefined) return library;
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
