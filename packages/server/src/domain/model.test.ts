/**
 * The decisions together: a job of chunks, driven by whatever may happen to it in any order, against what is
 * promised of it. Where a promise breaks, the shortest sequence that breaks it is shown.
 */
import { ATTEMPT_REASONS, type AttemptReason, type JobState } from '@bytenite/contract';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { haveAllEnded, isBudgetExceeded } from './job-progress.ts';
import { mayFollow, mayRestart } from './job-state.ts';
import { NAMEABLE_REASONS } from './outcomes.ts';
import { decideRetry } from './retry.ts';
import { decideTaskEnd, isFree, MAX_LOSSES, type RetryPolicy } from './task-end.ts';

interface Config extends RetryPolicy {
  toleratedFailures: string;
}

interface Chunk {
  state: 'open' | 'committed' | 'failed';
  retries: number;
  losses: number;
  /** Its next attempt has a runner for itself. */
  alone: boolean;
  /** How its attempts of this run ended. */
  ends: AttemptReason[];
  /** By how many commits it was reached. */
  commits: number;
}

type Event =
  | { type: 'commit'; chunk: number }
  | { type: 'end'; chunk: number; reason: AttemptReason; exitCode: number; random: number }
  | { type: 'lose'; chunk: number; times: number }
  | { type: 'abort' }
  | { type: 'finish' }
  | { type: 'retry'; isKept: boolean };

/** A job as the engine moves it, with the same decisions and without tables. */
class Model {
  readonly chunks: Chunk[];
  readonly config: Config;
  state: JobState = 'PARTITIONED';
  run = 1;

  constructor(count: number, config: Config) {
    this.config = config;
    this.chunks = Array.from({ length: count }, () => ({ ...fresh(), commits: 0 }));
  }

  get counts() {
    const count = (state: Chunk['state']) => this.chunks.filter((c) => c.state === state).length;
    const all = this.chunks.length;
    return { num_chunks: all, committed: count('committed'), failed: count('failed') };
  }

  apply(event: Event): void {
    switch (event.type) {
      case 'commit':
        return this.commit(this.at(event.chunk));
      case 'end':
        return this.end(this.at(event.chunk), event);
      case 'lose':
        for (let i = 0; i < event.times; i++) {
          // A runner that dies while it runs nothing else is said to be the task's doing.
          const reason = this.at(event.chunk).alone ? 'QUARANTINED' : 'WORKER_LOST';
          const loss = { type: 'end', reason, exitCode: 1, random: 0 } as const;
          this.end(this.at(event.chunk), { ...loss, chunk: event.chunk });
        }
        return;
      case 'abort':
        if (mayFollow(this.state, 'FAILED')) this.state = 'FAILED';
        return;
      case 'finish':
        if (this.state === 'TASKS_COMPLETED') this.state = 'COMPLETE';
        return;
      case 'retry':
        return this.retry(event.isKept);
    }
  }

  private at(chunk: number): Chunk {
    const found = this.chunks[chunk % this.chunks.length];
    if (found === undefined) throw new Error('a job has chunks');
    return found;
  }

  private isOpen(chunk: Chunk): boolean {
    return this.state === 'PARTITIONED' && chunk.state === 'open';
  }

  private commit(chunk: Chunk): void {
    if (!this.isOpen(chunk)) return;
    chunk.state = 'committed';
    chunk.commits += 1;
    this.advance();
  }

  private end(chunk: Chunk, event: Extract<Event, { type: 'end' }>): void {
    if (!this.isOpen(chunk)) return;
    const { reason, exitCode, random } = event;
    if (reason === 'QUARANTINED' && !chunk.alone) return;
    chunk.ends.push(reason);
    const end = decideTaskEnd(chunk, { reason, exitCode }, this.config, random);
    if (end.next === 'fail') {
      chunk.state = 'failed';
      this.advance();
      return;
    }
    promise(reason !== 'QUARANTINED', 'tried again after it was quarantined');
    if (end.usesRetry) chunk.retries += 1;
    else chunk.losses += 1;
    chunk.alone = end.alone;
    promise(end.alone === chunk.losses >= this.config.aloneAfter, `alone: ${end.alone}`);
    promise(end.usesRetry === !isFree(reason), `${reason} uses a retry: ${end.usesRetry}`);
    const isWithin = end.delayMs >= 0 && end.delayMs < this.config.backoff.capMs;
    promise(isWithin, `a wait of ${end.delayMs} ms`);
  }

  private advance(): void {
    if (isBudgetExceeded(this.counts, this.config.toleratedFailures)) this.state = 'FAILED';
    else if (haveAllEnded(this.counts)) this.state = 'TASKS_COMPLETED';
  }

  private retry(isKept: boolean): void {
    const { failed } = this.counts;
    const ended = { state: this.state, failed, isPartitioned: true, isDataKept: isKept };
    const decision = decideRetry(ended);
    if ('refusal' in decision) return;
    promise(mayRestart(this.state), `run again in ${this.state}`);
    this.run += 1;
    this.state = decision.from;
    for (const chunk of this.chunks) {
      if (chunk.state !== 'committed') Object.assign(chunk, fresh());
    }
    this.advance();
  }
}

function fresh() {
  return { state: 'open' as const, retries: 0, losses: 0, alone: false, ends: [] };
}

/** As an assertion of the test's library, but cheap enough to be made millions of times. */
function promise(isKept: boolean, what: string): void {
  if (!isKept) throw new Error(`broken: ${what}`);
}

/** What the model's own steps do not know: said anew from the history of the chunks. */
function check({ chunks, config, state, counts }: Model): void {
  for (const { ends, state: end, commits } of chunks) {
    const paid = ends.filter((reason) => !isFree(reason)).length;
    const losses = ends.length - paid;
    promise(paid <= config.maxTaskRetries + 1, `${paid} attempts that use retries`);
    promise(losses <= MAX_LOSSES + 1, `${losses} losses`);
    promise(commits === (end === 'committed' ? 1 : 0), `${end} after ${commits} commits`);
    if (end === 'failed') promise(mayFail(ends, config), `failed after ${ends.join()}`);
  }
  const ended = counts.committed + counts.failed;
  const isOver = counts.failed > toleratedBy(config.toleratedFailures, chunks.length);
  promise(!isOver || state === 'FAILED', `${state} with ${counts.failed} failures`);
  const hasAll = state === 'COMPLETE' || state === 'TASKS_COMPLETED';
  promise(!hasAll || ended === chunks.length, `${state} with ${ended} chunks ended`);
  promise(state !== 'PARTITIONED' || ended < chunks.length, 'nothing left, and still waiting');
}

/** A chunk fails for a reason: nothing is left, or the job names outcomes, or it was stopped. */
function mayFail(ends: readonly AttemptReason[], config: Config): boolean {
  const paid = ends.filter((reason) => !isFree(reason)).length;
  const isWorn = paid > config.maxTaskRetries || ends.length - paid > MAX_LOSSES;
  const namesOutcomes = config.retryOn.length + config.failOn.length > 0;
  return isWorn || namesOutcomes || ['ABORTED', 'QUARANTINED'].includes(ends.at(-1) ?? '');
}

/** The same as in words: a count, or a part of a hundred, rounded down. */
function toleratedBy(text: string, chunks: number): number {
  if (!text.endsWith('%')) return Number(text);
  let count = 0;
  while ((count + 1) * 100 <= chunks * Number(text.slice(0, -1))) count += 1;
  return count;
}

const chunk = fc.nat({ max: 20 });
const events: fc.Arbitrary<Event> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('commit' as const), chunk }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constant('end' as const),
      chunk,
      reason: fc.constantFrom(...ATTEMPT_REASONS),
      exitCode: fc.integer({ min: 1, max: 3 }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('lose' as const),
      chunk,
      times: fc.integer({ min: 1, max: MAX_LOSSES + 2 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('abort' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('finish' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('retry' as const), isKept: fc.boolean() }),
  },
);
const outcomes = fc.array(fc.constantFrom(...NAMEABLE_REASONS, '1', '2'), { maxLength: 2 });
const configs: fc.Arbitrary<Config> = fc.record({
  maxTaskRetries: fc.nat({ max: 3 }),
  retryOn: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: outcomes }),
  failOn: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: outcomes }),
  backoff: fc.constant({ baseMs: 2000, capMs: 300_000 }),
  aloneAfter: fc.integer({ min: 1, max: 12 }),
  toleratedFailures: fc.constantFrom('', '0', '1', '3', '10%', '34%', '50%', '100%'),
});

it('a job keeps its promises whatever happens to its chunks in whatever order', () => {
  const reached = new Map<string, number>();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }),
      configs,
      fc.array(events, { maxLength: 120, size: 'max' }),
      (count, config, list) => {
        const model = new Model(count, config);
        for (const event of list) {
          const kept = model.chunks.map(({ state }) => state === 'committed');
          model.apply(event);
          const isLost = model.chunks.some((one, i) => kept[i] && one.state !== 'committed');
          promise(!isLost, 'a result was lost');
          check(model);
          const { failed } = model.counts;
          const place = `${model.state}${failed > 0 ? ' with failures' : ''}`;
          reached.set(place, (reached.get(place) ?? 0) + 1);
          if (model.run > 1) reached.set('run again', (reached.get('run again') ?? 0) + 1);
        }
      },
    ),
    { numRuns: 1000 },
  );
  // A walk that does not come to these proves little.
  expect([...reached.keys()]).toEqual(
    expect.arrayContaining(['COMPLETE with failures', 'FAILED with failures', 'run again']),
  );
});
