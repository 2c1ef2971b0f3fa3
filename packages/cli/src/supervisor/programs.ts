import { fileURLToPath } from 'node:url';
import { CliError } from '../errors.ts';

/** The file of a program that is started, never imported: what it loads stays out of this process. */
export function programOf(module: string): string {
  try {
    return fileURLToPath(import.meta.resolve(module));
  } catch {
    throw new CliError(`${module} is not installed`, { fix: ['install and build: npm run setup'] });
  }
}
