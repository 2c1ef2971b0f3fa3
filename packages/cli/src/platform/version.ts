import { readFileSync } from 'node:fs';

/** Of this package, two folders up from sources and build alike; a small file is read sooner than the contract is loaded. */
export function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
