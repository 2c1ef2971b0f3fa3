/** What the next attempt asks for because of how this one ended, and the words for it. */
import { ERROR_MESSAGE_LIMIT } from '@bytenite/contract';
import { memoryWords, raiseMemory } from '../../domain/raise-memory.ts';
import type { TaskEnd } from '../../domain/task-end.ts';
import type { LeaseRow } from '../../store/tables.ts';
import { componentOf, type JobPolicy } from '../job-policy.ts';
import { needsOf } from '../exchange/task-context.ts';
import type { AttemptEnd } from './end-attempts.ts';

export interface Demand {
  /** Bytes of memory; 0 for what the component says. */
  raised: number;
  /** Added to what is told of the attempt; empty where nothing changes. */
  note: string;
}

export function decideDemand(
  policy: JobPolicy,
  lease: LeaseRow,
  end: AttemptEnd,
  decision: TaskEnd | null,
  memoryCapBytes: number,
): Demand {
  const before = lease.raised_bytes;
  if (decision?.next !== 'retry') return { raised: before, note: '' };
  if (end.reason !== 'OUT_OF_MEMORY') {
    const isNew = decision.alone && lease.alone === 0;
    return { raised: before, note: isNew ? 'the next attempt has a runner for itself' : '' };
  }
  const given = lease.memory_bytes;
  const base = needsOf(componentOf(policy, lease.kind)).memoryBytes;
  const raised = raiseMemory({ base, raised: before, given }, memoryCapBytes);
  const note =
    raised > Math.max(base, before)
      ? `the next attempt gets ${memoryWords(raised)}`
      : `the next attempt gets no more, tasks have ${memoryWords(Math.max(given, memoryCapBytes))} at most here`;
  return { raised, note };
}

/** The note is kept where the message has to be cut. */
export function withNote(message: string, note: string): string {
  if (note === '') return message;
  const kept = Buffer.from(message).subarray(0, ERROR_MESSAGE_LIMIT - Buffer.byteLength(note) - 2);
  return `${kept.toString().replace(/\uFFFD+$/, '')}; ${note}`;
}
