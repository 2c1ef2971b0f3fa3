/**
 * Which tasks may start from an interpreter that has started already (launcher/warm.py), and which of these
 * interpreters may serve which task: those of one account's jobs, with one package and the same limits.
 */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';
import type { TaskContext } from '@bytenite/contract';
import type { WarmStart } from './sandbox/sandbox.ts';

/** Read by the interpreter, the C library or numeric libraries when they start: too late for them later. */
const READ_AT_START = /^(PYTHON|LD_|MALLOC_|GLIBC_|LC_|TZ$|OMP_|OPENBLAS_|MKL_|NUMEXPR_)/;

/** From so many tasks on a job is sure to make up for the start of a server; else the second task of a key starts one. */
const MANY_CHUNKS = 8;

export interface WarmStartRequest {
  context: TaskContext;
  command: readonly string[];
  componentDir: string;
  /** What every task of this slot is started with, and all that it is. */
  base: Record<string, string>;
  env: Record<string, string>;
  memoryBytes: number;
  /** Whatever else the sandbox sets up once: another server for another value. */
  setup: unknown;
}

/** With less, what a loaded interpreter needs beside its task would matter. */
const LEAST_MEMORY = 64 * 1024 ** 2;

/** Undefined for a task that has to be started plainly. */
export function warmStartOf(request: WarmStartRequest): WarmStart | undefined {
  const { context, command, componentDir, base, env, memoryBytes, setup } = request;
  const { component, owner, kind } = context;
  if (command.length !== 2 || extname(component.entrypoint) !== '.py') return undefined;
  if (memoryBytes < LEAST_MEMORY) return undefined;
  if (!isStartedAlike(base, env)) return undefined;
  const { preload } = component;
  const what = [owner, componentDir, command, base, preload, component.network, memoryBytes, setup];
  const key = createHash('sha256').update(JSON.stringify(what)).digest('base64url').slice(0, 22);
  const isWorthIt = preload.length > 0 || (kind === 'APP' && context.numChunks >= MANY_CHUNKS);
  return { key, preload, env: base, starts: isWorthIt };
}

function isStartedAlike(base: Record<string, string>, env: Record<string, string>): boolean {
  const changed = Object.keys(base).some((name) => env[name] !== base[name]);
  if (changed) return false;
  return !Object.keys(env).some((name) => READ_AT_START.test(name) && base[name] === undefined);
}
