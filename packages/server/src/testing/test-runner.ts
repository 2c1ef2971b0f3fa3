/** A runner without a process: it says what tests tell it to, in the messages of the protocol. */
import {
  decodeMessage,
  encodeMessage,
  ExchangeReply,
  ExchangeRequest,
  HeartbeatRequest,
  tailSlice,
  type AttemptReason,
  type EndReport,
  type Grant,
  type LeasePhase,
  type LogLine,
  type LogReport,
  type PhaseReport,
  type RunnerRegistration,
  type Verdict,
} from '@bytenite/contract';
import type { z } from 'zod';
import { exchange } from '../engine/exchange/exchange.ts';
import { heartbeat } from '../engine/exchange/heartbeat.ts';
import { registerRunner } from '../engine/exchange/register.ts';
import { OWN_TOKEN, runnerIdOf, type RunnerTokenHolder } from '../engine/runners/runner-token.ts';
import type { Runner } from '../engine/runners.ts';
import { bundleOf, type Files } from './bundle-of.ts';
import type { TestContext } from './context.ts';
import { unique } from './rows.ts';

const GIB = 1024 ** 3;
const STATS = {
  cpuSeconds: 0.5,
  maxMemoryBytes: 1024,
  inputBytes: 10,
  outputBytes: 10,
  queueSeconds: 0,
  startSeconds: 0,
  transferSeconds: 0.1,
  runSeconds: 1,
};

/** A report with the bytes that it sends along. */
export interface TestReport {
  report: EndReport;
  bytes: Uint8Array;
}

export type Message = Partial<Omit<ExchangeRequest, 'ended' | 'logs' | 'free'>> & {
  free?: z.input<typeof ExchangeRequest>['free'];
  ended?: TestReport[];
  logs?: { grant: Grant; lines: LogLine[] }[];
};

export class TestRunner {
  readonly id: string;
  readonly incarnation: string;
  readonly ctx: TestContext;
  private readonly cpus: number;
  private readonly options: Partial<RunnerRegistration>;

  private readonly token: RunnerTokenHolder;
  private readonly name: string;

  private constructor(
    ctx: TestContext,
    options: Partial<RunnerRegistration>,
    token: RunnerTokenHolder,
  ) {
    this.ctx = ctx;
    this.options = options;
    this.token = token;
    this.name = options.name ?? unique('runner');
    this.id = runnerIdOf(token, this.name);
    this.incarnation = unique('incarnation');
    this.cpus = options.cpus ?? 1000;
  }

  static async register(
    ctx: TestContext,
    options: Partial<RunnerRegistration> = {},
    token: RunnerTokenHolder = OWN_TOKEN,
  ): Promise<TestRunner> {
    const runner = new TestRunner(ctx, options, token);
    await runner.register();
    return runner;
  }

  async register(): Promise<void> {
    const registration = {
      name: this.name,
      incarnation: this.incarnation,
      cpus: this.cpus,
      memoryBytes: 1000 * GIB,
      overcommit: false,
      instance: '',
      host: 'test-host',
      gpus: [],
      labels: {},
      tier: 'process' as const,
      tierReason: 'test',
      network: 'host' as const,
      version: '0',
      ...this.options,
    };
    await registerRunner(this.ctx, registration, this.token);
  }

  /** The same runner after its process was started anew. */
  async reborn(): Promise<TestRunner> {
    return TestRunner.register(this.ctx, { ...this.options, name: this.name }, this.token);
  }

  /** The same runner at a server that was started anew. */
  at(ctx: TestContext): TestRunner {
    const runner = new TestRunner(ctx, { ...this.options, name: this.name }, this.token);
    return Object.assign(runner, { incarnation: this.incarnation });
  }

  async exchange(message: Message = {}): Promise<ExchangeReply & { tail: Uint8Array }> {
    const tail = new TailWriter();
    const header: ExchangeRequest = {
      runnerId: this.id,
      incarnation: this.incarnation,
      waitMs: 0,
      idle: false,
      prefetch: 0,
      phases: [],
      released: [],
      ...message,
      free: { cpus: 0, memoryBytes: 0, ...message.free, gpus: message.free?.gpus ?? [] },
      ended: (message.ended ?? []).map(({ report, bytes }) => withRange(report, tail.add(bytes))),
      logs: (message.logs ?? []).map(({ grant, lines }) => logReport(grant, lines, tail)),
    };
    const sent = decodeMessage(encodeMessage(header, tail.parts));
    const request = ExchangeRequest.parse(sent.header);
    const { signal } = new AbortController();
    const { reply, tail: parts } = await exchange(
      this.ctx,
      this.known(),
      request,
      sent.tail,
      signal,
    );
    const received = decodeMessage(encodeMessage(reply, parts));
    return { ...ExchangeReply.parse(received.header), tail: received.tail };
  }

  /** Takes up to so many tasks that need one CPU each. */
  async claim(tasks = this.cpus): Promise<Grant[]> {
    const free = { cpus: tasks, memoryBytes: 1000 * GIB, gpus: this.options.gpus ?? [] };
    return (await this.exchange({ free })).grants;
  }

  async claimOne(): Promise<Grant> {
    const [grant] = await this.claim(1);
    if (grant === undefined) throw new Error('no task was granted');
    return grant;
  }

  /** Reports, and gives the verdict of each. */
  async report(...ended: TestReport[]): Promise<Verdict[]> {
    const { verdicts } = await this.exchange({ ended });
    const byLease = new Map(verdicts.map(({ lease, verdict }) => [lease, verdict]));
    return ended.map(({ report }) => byLease.get(report.lease) ?? fail(report.lease));
  }

  /** Says that it lives and holds these leases; the reply names those that it must kill. */
  async beat(leases: readonly string[], phases: PhaseReport[] = []): Promise<string[]> {
    const request = { runnerId: this.id, incarnation: this.incarnation, leases, phases };
    return (await heartbeat(this.ctx, this.known(), HeartbeatRequest.parse(request))).kill;
  }

  private known(): Runner {
    const runner = this.ctx.runners.find(this.id, this.incarnation);
    if (runner === undefined) throw new Error(`${this.id} must register first`);
    return runner;
  }

  /** The chunk that came with a grant. */
  static inlineInput(grant: Grant, tail: Uint8Array): string {
    if (!('inline' in grant.input)) throw new Error('the input is not inline');
    return Buffer.from(tailSlice(tail, grant.input.inline)).toString();
  }
}

interface Times {
  startedAt?: number | null;
  endedAt?: number;
}

export function succeeded(
  ctx: TestContext,
  grant: Grant,
  files: Files,
  times: Times = {},
): TestReport {
  const { bytes, sha256 } = bundleOf(files);
  const result = { inline: { offset: 0, length: bytes.byteLength }, sha256 };
  return { report: endReport(ctx, grant, { ok: true, result }, times), bytes };
}

export function failed(
  ctx: TestContext,
  grant: Grant,
  reason: AttemptReason = 'EXIT_NONZERO',
  times: Times & { errorMessage?: string } = {},
): TestReport {
  const exitCode = reason === 'EXIT_NONZERO' ? 1 : null;
  const { errorMessage = 'exit code 1: no such word' } = times;
  const outcome = { ok: false, reason, exitCode, errorMessage } as const;
  return { report: endReport(ctx, grant, outcome, times), bytes: new Uint8Array() };
}

export function phaseOf(ctx: TestContext, grant: Grant, phase: LeasePhase): PhaseReport {
  const startedAt = phase === 'ASSIGNED' || phase === 'RECEIVED' ? null : ctx.now();
  const receivedAt = phase === 'ASSIGNED' ? null : ctx.now();
  return { lease: grant.lease, phase, receivedAt, startedAt };
}

function endReport(
  ctx: TestContext,
  grant: Grant,
  outcome: EndReport['outcome'],
  { startedAt = ctx.now(), endedAt = ctx.now() }: Times,
): EndReport {
  const { lease, ref } = grant;
  return { lease, ref, outcome, receivedAt: startedAt, startedAt, endedAt, stats: STATS };
}

class TailWriter {
  readonly parts: Uint8Array[] = [];
  private size = 0;

  add(bytes: Uint8Array): { offset: number; length: number } {
    const range = { offset: this.size, length: bytes.byteLength };
    this.parts.push(bytes);
    this.size += bytes.byteLength;
    return range;
  }
}

function withRange(report: EndReport, range: { offset: number; length: number }): EndReport {
  const { outcome } = report;
  if (!outcome.ok || !('inline' in outcome.result)) return report;
  return { ...report, outcome: { ok: true, result: { ...outcome.result, inline: range } } };
}

function logReport(grant: Grant, lines: LogLine[], tail: TailWriter): LogReport {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  const times = lines.map((line) => line.t);
  return {
    ...tail.add(Buffer.from(text)),
    lease: grant.lease,
    ref: grant.ref,
    from: Math.min(...times),
    to: Math.max(...times),
    levels: lines.map((line) => line.l),
  };
}

function fail(lease: string): never {
  throw new Error(`no verdict for lease ${lease}`);
}
