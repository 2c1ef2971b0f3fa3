/**
 * What the runner has to tell: ends of attempts, lines, leases given back. It stays here until the
 * server has answered: a batch that an exchange took is either settled by the reply or restored.
 * An end travels only in a message that holds the last of its attempt's lines, and is repeated until
 * its verdict arrives (a repeated report gets the same verdict).
 */
import type {
  EndReport,
  ExchangeReply,
  ExchangeRequest,
  LogReport,
  TailRange,
  Verdict,
} from '@bytenite/contract';
import type { AttemptLog, LogChunk } from './attempt-log.ts';
import type { Attempt, AttemptEnd } from './attempt.ts';

export type EndedAttempt = Attempt & { end: AttemptEnd };

type Reports = Pick<ExchangeRequest, 'phases' | 'logs' | 'ended' | 'released'>;

/** A batch in flight. */
export interface Batch {
  reports: Reports;
  tail: Uint8Array[];
  ended: EndedAttempt[];
  isEmpty: boolean;
  settle(reply: ExchangeReply): void;
  restore(): void;
}

const TAIL_LIMIT_BYTES = 8 * 1024 * 1024;
const ENDS_LIMIT = 500;
const LOG_CHUNK_BYTES = 1024 * 1024;

export class Outbox {
  private ends: EndedAttempt[] = [];
  private readonly inFlight = new Set<EndedAttempt>();
  private released: string[] = [];
  private readonly logs = new Map<AttemptLog, Attempt>();
  /** Most ends in one message; lowered while the server refuses messages. */
  endsLimit = ENDS_LIMIT;

  private readonly onVerdict: (attempt: EndedAttempt, verdict: Verdict) => void;

  constructor(onVerdict: (attempt: EndedAttempt, verdict: Verdict) => void) {
    this.onVerdict = onVerdict;
  }

  addEnd(attempt: EndedAttempt): void {
    this.ends.push(attempt);
  }

  release(lease: string): void {
    this.released.push(lease);
  }

  addLog(log: AttemptLog, attempt: Attempt): void {
    this.logs.set(log, attempt);
  }

  get endCount(): number {
    return this.ends.length;
  }

  get isEmpty(): boolean {
    return this.ends.length === 0 && this.released.length === 0 && this.logs.size === 0;
  }

  /** The attempts whose end has not been reported: their leases must be kept. */
  unreported(): EndedAttempt[] {
    return [...this.ends, ...this.inFlight];
  }

  /** Drops an end that the server refuses to take in any form. */
  drop(attempt: EndedAttempt): void {
    this.ends = this.ends.filter((other) => other !== attempt);
  }

  take(): Batch {
    const tail = new Tail();
    const taken: { log: AttemptLog; attempt: Attempt; chunk: LogChunk }[] = [];
    const logs: LogReport[] = [];
    const takeLog = (log: AttemptLog, attempt: Attempt): boolean => {
      while (!log.isEmpty && tail.size < TAIL_LIMIT_BYTES) {
        const chunk = log.take(LOG_CHUNK_BYTES);
        if (!chunk) break;
        taken.push({ log, attempt, chunk });
        const { from, to, levels } = chunk;
        const range = tail.add(chunk.bytes);
        logs.push({ ...range, lease: attempt.lease, ref: attempt.grant.ref, from, to, levels });
      }
      if (log.isEmpty) this.logs.delete(log);
      return log.isEmpty;
    };
    const ended: EndedAttempt[] = [];
    const reports: EndReport[] = [];
    const left: EndedAttempt[] = [];
    for (const attempt of this.ends) {
      const isRoom = ended.length < this.endsLimit && tail.size < TAIL_LIMIT_BYTES;
      if (isRoom && takeLog(attempt.log, attempt)) {
        ended.push(attempt);
        reports.push(endReport(attempt, tail));
      } else left.push(attempt);
    }
    this.ends = left;
    for (const attempt of ended) this.inFlight.add(attempt);
    for (const [log, attempt] of this.logs) takeLog(log, attempt);
    const { released } = this;
    this.released = [];
    return {
      reports: { phases: [], logs, ended: reports, released },
      tail: tail.parts,
      ended,
      isEmpty: reports.length === 0 && logs.length === 0 && released.length === 0,
      settle: (reply) => this.settle(ended, reply),
      restore: () => {
        for (const attempt of ended) this.inFlight.delete(attempt);
        this.ends = [...ended, ...this.ends];
        this.released = [...released, ...this.released];
        for (const { log, attempt, chunk } of taken) {
          log.restore(chunk);
          this.logs.set(log, attempt);
        }
      },
    };
  }

  private settle(ended: EndedAttempt[], reply: ExchangeReply): void {
    if (ended.length === 0) return;
    const verdicts = new Map(reply.verdicts.map(({ lease, verdict }) => [lease, verdict]));
    for (const attempt of ended) {
      this.inFlight.delete(attempt);
      const verdict = verdicts.get(attempt.lease);
      if (verdict) this.onVerdict(attempt, verdict);
      else this.ends.push(attempt);
    }
  }
}

/** The bytes behind a message's header. */
class Tail {
  readonly parts: Uint8Array[] = [];
  size = 0;

  add(bytes: Uint8Array): TailRange {
    const range = { offset: this.size, length: bytes.byteLength };
    this.parts.push(bytes);
    this.size += bytes.byteLength;
    return range;
  }
}

function endReport(attempt: EndedAttempt, tail: Tail): EndReport {
  const { outcome, endedAt, stats } = attempt.end;
  const { lease, receivedAt, startedAt } = attempt;
  return {
    lease,
    ref: attempt.grant.ref,
    outcome: reportedOutcome(outcome, tail),
    receivedAt,
    startedAt,
    endedAt,
    stats,
  };
}

function reportedOutcome(outcome: AttemptEnd['outcome'], tail: Tail): EndReport['outcome'] {
  switch (outcome.kind) {
    case 'inline':
      return {
        ok: true,
        result: { inline: tail.add(outcome.bundle), sha256: outcome.sha256 },
      };
    case 'stored':
      return { ok: true, result: { stored: outcome.result } };
    case 'failed':
      return { ok: false, ...outcome.failure };
    case 'released':
      throw new Error('a released attempt has no report');
  }
}
