import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder and those above it; throws the system's error where it cannot. The `recursive` of Node never
 * ends where a parent exists but takes no folders, like /proc.
 */
export function makeFolders(dir: string, mode = 0o777): void {
  if (existsSync(dir)) return;
  makeFolders(path.dirname(dir), mode);
  try {
    mkdirSync(dir, { mode });
  } catch (error) {
    // Someone else made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
