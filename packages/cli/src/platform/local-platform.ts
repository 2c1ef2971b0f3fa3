/**
 * How commands find a platform that `up` runs on this machine: `run.json` in its data directory, and a
 * pointer in the user's config folder to the data directory of the most recent `up`.
 */
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { configDir, defaultDataDir } from './folders.ts';
import { writePrivateFile } from './private-file.ts';

export interface LocalPlatform {
  dataDir: string;
  /** Of the supervisor. */
  pid: number;
  url: string;
  startedAt: string;
}

/** The running platform of a data directory, or else of the default one, or else the most recent one. */
export async function findLocalPlatform(
  dataDir: string | undefined,
): Promise<LocalPlatform | undefined> {
  if (dataDir !== undefined) return readLocalPlatform(path.resolve(dataDir));
  const found = await readLocalPlatform(defaultDataDir());
  if (found !== undefined) return found;
  const pointer = await readJson(pointerFile());
  return typeof pointer['dataDir'] === 'string' ? readLocalPlatform(pointer['dataDir']) : undefined;
}

async function readLocalPlatform(dataDir: string): Promise<LocalPlatform | undefined> {
  const { pid, url, startedAt } = await readJson(runFile(dataDir));
  if (typeof pid !== 'number' || typeof url !== 'string' || !isAlive(pid)) return undefined;
  return { dataDir, pid, url, startedAt: String(startedAt) };
}

/** The API key that the platform made at its first start. */
export async function readLocalApiKey(platform: LocalPlatform): Promise<string | undefined> {
  const key = await readFile(apiKeyFile(platform.dataDir), 'utf8').catch(() => '');
  return key.trim() || undefined;
}

/** Lets commands find this platform. */
export async function announcePlatform(platform: LocalPlatform): Promise<void> {
  const { dataDir, pid, url, startedAt } = platform;
  await writePrivateFile(runFile(dataDir), `${JSON.stringify({ pid, url, startedAt })}\n`);
  // Without a home to write to, commands still find it by --data-dir.
  await writePrivateFile(pointerFile(), `${JSON.stringify({ dataDir })}\n`).catch(() => undefined);
}

export async function withdrawPlatform(dataDir: string): Promise<void> {
  await rm(runFile(dataDir), { force: true });
  const pointer = await readJson(pointerFile());
  if (pointer['dataDir'] === dataDir) await rm(pointerFile(), { force: true });
}

export function apiKeyFile(dataDir: string): string {
  return path.join(dataDir, 'api-key');
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // alive, and someone else's
  }
}

function runFile(dataDir: string): string {
  return path.join(dataDir, 'run.json');
}

function pointerFile(): string {
  return path.join(configDir(), 'local-platform.json');
}

/** What cannot be read or parsed counts as an empty object. */
async function readJson(file: string): Promise<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
