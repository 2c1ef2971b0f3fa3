import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CliError } from '../errors.ts';
import { configDir } from './folders.ts';
import { writePrivateFile } from './private-file.ts';

/**
 * What `auth` stores; names and place are the contract's. An access token lives an hour, so what renews it
 * is kept too: after `auth --api-key` that is the key itself, in the place of the refresh token. A key that
 * is revoked ends both.
 */
export interface Credentials {
  apiUrl: string;
  accessToken: string;
  refreshToken: string;
  /** RFC 3339; of the access token. */
  expiresAt: string;
}

export function credentialsFile(): string {
  return path.join(configDir(), 'auth-prod.json');
}

/** The stored credentials; undefined when there are none. */
export async function readCredentials(): Promise<Credentials | undefined> {
  const file = credentialsFile();
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const credentials = parse(text);
  if (credentials !== undefined) return credentials;
  throw new CliError(`${file} is damaged`, {
    fix: ['sign in again: bytenite auth --api-key KEY', `or delete it: rm '${file}'`],
  });
}

export async function writeCredentials(credentials: Credentials): Promise<void> {
  await writePrivateFile(credentialsFile(), `${JSON.stringify(credentials)}\n`);
}

function parse(text: string): Credentials | undefined {
  try {
    const { apiUrl, accessToken, refreshToken, expiresAt } = JSON.parse(
      text,
    ) as Partial<Credentials>;
    const fields = { apiUrl, accessToken, refreshToken, expiresAt };
    const isComplete = Object.values(fields).every((field) => typeof field === 'string');
    return isComplete ? (fields as Credentials) : undefined;
  } catch {
    return undefined;
  }
}
