import { homedir } from 'node:os';
import path from 'node:path';

/** Where `up` keeps a platform's data, unless told otherwise. */
export function defaultDataDir(): string {
  return path.join(homedir(), '.bytenite');
}

/** Where the CLI keeps what it knows about the user; the paths are the contract's. */
export function configDir(): string {
  const base =
    process.platform === 'darwin'
      ? path.join(homedir(), 'Library/Application Support')
      : path.join(homedir(), '.config');
  return path.join(base, 'bytenite-cli');
}
