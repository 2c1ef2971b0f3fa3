/**
 * The wire's id of a task, computed and read back: no id column, no index. It is a version 8 UUID whose
 * first 60 bits and 12 later ones are a digest of the job's UUID, and whose rest is kind, run and chunk.
 */
import { createHash } from 'node:crypto';
import { TASK_KINDS, type TaskKind } from '@bytenite/contract';

export interface TaskKey {
  kind: TaskKind;
  run: number;
  chunk: number;
}

/** Tasks of one job by kind and run. */
export interface Stage {
  kind: TaskKind;
  run: number;
  chunks: number[];
}

/** Tells the tasks of one job apart. */
export function keyOfTask({ kind, run, chunk }: TaskKey): string {
  return `${kind}/${run}/${chunk}`;
}

export function stagesOf(tasks: readonly TaskKey[]): Stage[] {
  const stages = new Map<string, Stage>();
  for (const { kind, run, chunk } of tasks) {
    const name = `${kind}/${run}`;
    const stage = stages.get(name);
    if (stage === undefined) stages.set(name, { kind, run, chunks: [chunk] });
    else stage.chunks.push(chunk);
  }
  return [...stages.values()];
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** 18 hex digits that stand for the job. */
function jobDigest(jobUuid: string): string {
  return createHash('sha256').update(jobUuid).digest('hex').slice(0, 18);
}

export function taskIdOf(jobUuid: string, key: TaskKey): string {
  return taskIdMaker(jobUuid)(key);
}

/** For many tasks of one job: the digest is computed once. */
export function taskIdMaker(jobUuid: string): (key: TaskKey) => string {
  const digest = jobDigest(jobUuid);
  return ({ kind, run, chunk }) => {
    const place = BigInt(TASK_KINDS.indexOf(kind));
    const tail =
      (BigInt(`0x${digest.slice(15)}`) << 50n) |
      (place << 48n) |
      (BigInt(run) << 32n) |
      BigInt(chunk);
    const variant = ((2n << 62n) | tail).toString(16).padStart(16, '0');
    return [
      digest.slice(0, 8),
      digest.slice(8, 12),
      `8${digest.slice(12, 15)}`,
      variant.slice(0, 4),
      variant.slice(4),
    ].join('-');
  };
}

/** The key behind an id of this job, or null when it is none. */
export function parseTaskId(jobUuid: string, id: string): TaskKey | null {
  const text = id.toLowerCase();
  if (!UUID.test(text)) return null;
  const tail = BigInt(`0x${text.slice(19).replaceAll('-', '')}`) & ((1n << 62n) - 1n);
  const kind = TASK_KINDS[Number((tail >> 48n) & 3n)];
  if (kind === undefined) return null;
  const key = { kind, run: Number((tail >> 32n) & 0xffffn), chunk: Number(tail & 0xffffffffn) };
  return taskIdOf(jobUuid, key) === text ? key : null;
}
