import { expect, test } from 'vitest';
import {
  type ExchangeReply,
  type Grant,
  LogLine,
  tailSlice,
  type Verdict,
} from '@bytenite/contract';
import { AttemptLog } from './attempt-log.ts';
import { Attempt } from './attempt.ts';
import { type EndedAttempt, Outbox } from './outbox.ts';
import { createRedactor } from './redact.ts';

function createOutbox() {
  const verdicts: [string, Verdict][] = [];
  const outbox = new Outbox(({ lease }, verdict) => void verdicts.push([lease, verdict]));
  return { outbox, verdicts };
}

const NEED = { cpus: 1, memoryBytes: 1, gpu: [] };

function addAttempt(outbox: Outbox, lease: string): Attempt {
  const ref = { job: 1, kind: 'APP' as const, run: 0, chunk: 0, attempt: 1 };
  const grant = { lease, ref } as Grant;
  const log = new AttemptLog(
    createRedactor([]),
    (atMs) => atMs,
    () => outbox.addLog(log, attempt),
  );
  const granted = { grant, context: {} as never, input: { streamBytes: 0 }, askedAtMs: 0 };
  const attempt = new Attempt(granted, { need: NEED, limits: NEED }, log, 1000);
  return attempt;
}

function end(outbox: Outbox, attempt: Attempt, text: string): void {
  const bundle = Buffer.from(text);
  attempt.end = { outcome: { kind: 'inline', bundle, sha256: '' }, endedAt: 5, stats: null };
  outbox.addEnd(attempt as EndedAttempt);
}

function reply(...leases: string[]): ExchangeReply {
  const verdicts = leases.map((lease) => ({ lease, verdict: 'committed' as const }));
  return { now: 0, contexts: [], grants: [], verdicts, kill: [] };
}

test('a batch holds lines and results where its header says', () => {
  const { outbox } = createOutbox();
  const attempts = ['a', 'b'].map((lease) => addAttempt(outbox, lease));
  for (const attempt of attempts) {
    attempt.log.print('stdout', Buffer.from(`line of ${attempt.lease}\n`), 7);
    end(outbox, attempt, `result of ${attempt.lease}`);
  }
  const { reports, tail } = outbox.take();
  const bytes = Buffer.concat(tail);
  const texts = reports.logs.map((range) => Buffer.from(tailSlice(bytes, range)).toString());
  expect(texts.map((text) => LogLine.parse(JSON.parse(text)).m)).toEqual([
    'line of a',
    'line of b',
  ]);
  const results = reports.ended.map(({ outcome }) => {
    if (!outcome.ok || !('inline' in outcome.result)) throw new Error('not inline');
    return Buffer.from(tailSlice(bytes, outcome.result.inline)).toString();
  });
  expect(results).toEqual(['result of a', 'result of b']);
  expect(outbox.isEmpty).toBe(true);
});

test('what could not be sent is sent again, in its order and once', () => {
  const { outbox, verdicts } = createOutbox();
  const attempt = addAttempt(outbox, 'a');
  attempt.log.print('stdout', Buffer.from('first\n'), 1);
  outbox.release('given-back');
  outbox.take().restore();
  attempt.log.print('stdout', Buffer.from('second\n'), 2);
  end(outbox, attempt, 'result');
  const batch = outbox.take();
  const text = batch.reports.logs.map((range) =>
    Buffer.from(tailSlice(Buffer.concat(batch.tail), range)).toString(),
  );
  const lines = text.join('').trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as LogLine).m)).toEqual(['first', 'second']);
  expect(batch.reports.released).toEqual(['given-back']);
  expect(outbox.unreported()).toEqual([attempt]);
  batch.settle(reply('a'));
  expect(verdicts).toEqual([['a', 'committed']]);
  expect(outbox.unreported()).toEqual([]);
  expect(outbox.take().isEmpty).toBe(true);
});

test('an end without a verdict stays', () => {
  const { outbox } = createOutbox();
  const attempt = addAttempt(outbox, 'a');
  end(outbox, attempt, 'result');
  outbox.take().settle(reply('another'));
  expect(outbox.take().reports.ended).toHaveLength(1);
});

test('an end waits until the last of its lines goes with it', () => {
  const { outbox } = createOutbox();
  const attempt = addAttempt(outbox, 'a');
  for (let i = 0; i < 12; i++) {
    attempt.log.print('stdout', Buffer.from(`${'x'.repeat(1000)}\n`.repeat(1000)), 1);
  }
  end(outbox, attempt, 'result');
  const first = outbox.take();
  expect(first.reports.ended).toHaveLength(0);
  expect(Buffer.concat(first.tail).length).toBeLessThan(10 * 1024 * 1024);
  const second = outbox.take();
  expect(second.reports.ended).toHaveLength(1);
  expect(attempt.log.isEmpty).toBe(true);
});
