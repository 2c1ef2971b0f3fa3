/**
 * One `up` per data directory. The lock is a file that names the supervisor and its children: it outlives a
 * SIGKILL, so a later `up` looks whether those processes still run. Files cannot make this perfect; the last
 * word has the server, which holds a lock of the operating system on its database.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CliError } from '../errors.ts';
import { findLocalPlatform } from '../platform/local-platform.ts';
import { identify, isRunning, type ProcessIdentity } from './process-identity.ts';

interface Holder extends ProcessIdentity {
  children: ProcessIdentity[];
}

export interface Lock {
  /** Notes the children, so that a later `up` can wait for orphans. */
  setChildren: (pids: readonly number[]) => void;
  release: () => void;
}

/** Orphans end by themselves when their supervisor is gone; this is more than they take. */
const ORPHANS_MS = 20_000;
const POLL_MS = 50;
const TRIES = 20;

export async function acquireLock(dataDir: string): Promise<Lock> {
  const file = path.join(dataDir, 'up.lock');
  const self = identify(process.pid);
  const content = (pids: readonly number[]) =>
    JSON.stringify({ ...self, children: pids.map(identify) } satisfies Holder);
  for (let tries = 0; !createFile(file, content([])); tries += 1) {
    await clearStale(file, dataDir, tries);
  }
  return {
    setChildren(pids) {
      const draft = `${file}.${process.pid}.tmp`;
      writeFileSync(draft, content(pids), { mode: 0o600 });
      renameSync(draft, file);
    },
    release: () => rmSync(file, { force: true }),
  };
}

/** False when the file is there already. */
function createFile(file: string, content: string): boolean {
  try {
    writeFileSync(file, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Throws when the lock's holder runs; else waits for what it left behind and takes its lock away. */
async function clearStale(file: string, dataDir: string, tries: number): Promise<void> {
  const text = readText(file);
  const holder = text === undefined ? undefined : parseHolder(text);
  if (text === undefined) return;
  if (holder === undefined && tries < TRIES) {
    // Either it is being written right now, or its writer was killed while writing it.
    await sleep(POLL_MS);
    return;
  }
  if (holder !== undefined && isRunning(holder)) throw await alreadyRunning(dataDir, holder.pid);
  if (holder !== undefined) await waitForOrphans(holder.children);
  // Renamed, not removed: if someone else was faster, this is their lock, and they get it back.
  const aside = `${file}.${process.pid}.stale`;
  try {
    renameSync(file, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  if (readText(aside) !== text) renameSync(aside, file);
  else rmSync(aside, { force: true });
}

async function waitForOrphans(children: readonly ProcessIdentity[]): Promise<void> {
  const deadline = Date.now() + ORPHANS_MS;
  let orphans = children.filter(isRunning);
  if (orphans.length > 0) {
    process.stderr.write('Waiting for the processes of an `up` that was killed to end ...\n');
  }
  while (orphans.length > 0 && Date.now() < deadline) {
    await sleep(POLL_MS);
    orphans = orphans.filter(isRunning);
  }
  for (const { pid } of orphans) {
    process.stderr.write(`Process ${pid} does not end by itself: killing it\n`);
    process.kill(pid, 'SIGKILL');
  }
}

async function alreadyRunning(dataDir: string, pid: number): Promise<CliError> {
  const url = (await findLocalPlatform(dataDir))?.url ?? 'still starting';
  return new CliError(`another bytenite is running on ${dataDir} (pid ${pid}, ${url})`, {
    fix: [
      'use it: every command finds it by itself, like bytenite job list',
      `or stop it: kill ${pid}`,
      'or start a second one beside it, with a data directory of its own: --data-dir DIR',
    ],
  });
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parseHolder(text: string): Holder | undefined {
  try {
    const { pid, startedAt, children } = JSON.parse(text) as Partial<Holder>;
    const isComplete = typeof pid === 'number' && typeof startedAt === 'string';
    return isComplete ? { pid, startedAt, children: children ?? [] } : undefined;
  } catch {
    return undefined;
  }
}
