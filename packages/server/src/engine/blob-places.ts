/** What a key of the blob store says about its object: whose it is, and what it lies there for. */
import type { StepName } from '../store/tables.ts';

export interface BlobPlace {
  /** 0: of no job. */
  job: number;
  /** The try of a step that wrote it; its objects name each other, so they live and die together. */
  step: StepTry | null;
}

export interface StepTry {
  folder: string;
  run: number;
  name: StepName;
  fence: number;
}

const OF_NO_JOB = /^(?:(?:package|health)\/[^/]+|cache\/[^/]+\/[^/]+)$/;
const OF_JOB = /^job\/(\d+)\/(?:logs|data\/packs|data\/upload|data\/results\/[^/]+)\/[^/]+$/;
const OF_STEP = /^(job\/(\d+)\/data\/([a-z]+)-(\d+)-(\d+))\/.+$/;

/** Null for an object that this version would not have written. */
export function placeOf(key: string): BlobPlace | null {
  if (OF_NO_JOB.test(key)) return { job: 0, step: null };
  const job = OF_JOB.exec(key)?.[1];
  if (job !== undefined) return { job: Number(job), step: null };
  const [, folder, no, name, run, fence] = OF_STEP.exec(key) ?? [];
  if (folder === undefined) return null;
  const step = { folder, name: name as StepName, run: Number(run), fence: Number(fence) };
  return { job: Number(no), step };
}

/** The key and all above it: whatever of them is deleted takes the object along. */
export function prefixesOf(key: string): string[] {
  const segments = key.split('/');
  return segments.map((_, i) => segments.slice(0, i + 1).join('/'));
}
