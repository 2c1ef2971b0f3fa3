/** Jobs, runners, crashes and clocks in any order: after every step what must be true is true. */
import { ApiError, type Grant } from '@bytenite/contract';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { createReaper, endOverdueJobs } from '../scheduler/reap-leases.ts';
import { collectGarbage, expireJobData } from '../scheduler/retention.ts';
import { releaseAllSteps } from '../store/steps.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { findProblems } from '../testing/invariants.ts';
import { addComponent, runSteps, startJob } from '../testing/jobs.ts';
import { ageAll, ageDatabase, sweepOrphans } from '../testing/sweep.ts';
import { failed, phaseOf, succeeded, TestRunner, type TestReport } from '../testing/test-runner.ts';
import { abortJob } from './jobs/abort-job.ts';
import { retryJob } from './jobs/retry-job.ts';
import { runNextStep } from './steps/run-step.ts';

const RUNNERS = 3;
/** What can happen, and how often. */
const WEIGHTS = {
  claim: 3,
  succeed: 3,
  fail: 1,
  lose: 1,
  release: 1,
  phases: 1,
  beat: 1,
  repeat: 1,
  step: 2,
  'stopped-step': 1,
  pass: 1,
  gap: 1,
  sweep: 1,
  restart: 1,
  reborn: 1,
  abort: 1,
  'run-again': 2,
  expire: 1,
  start: 1,
};
type Action = keyof typeof WEIGHTS;
const ACTIONS = Object.entries(WEIGHTS).flatMap(([action, weight]) =>
  Array.from({ length: weight }, () => action as Action),
);

interface Move {
  action: Action;
  /** Which runner, lease or job it is about. */
  pick: number;
}

const moves = fc.array(
  fc.record({ action: fc.constantFrom(...ACTIONS), pick: fc.nat({ max: 1000 }) }),
  { minLength: 30, maxLength: 60, size: 'max' },
);

class World {
  private ctx: TestContext;
  private reap: () => Promise<boolean>;
  private runners: TestRunner[] = [];
  private held: Grant[][] = [];
  private readonly sent: TestReport[][] = [];
  private readonly jobs: string[] = [];

  private constructor(ctx: TestContext) {
    this.ctx = ctx;
    this.reap = createReaper(ctx);
  }

  static async create(): Promise<World> {
    const world = new World(await createTestContext());
    await ageDatabase(world.ctx);
    for (let i = 0; i < RUNNERS; i++) {
      world.runners.push(await TestRunner.register(world.ctx));
      world.held.push([]);
      world.sent.push([]);
    }
    await world.start(0);
    return world;
  }

  async start(pick: number): Promise<void> {
    const partitioner = await addComponent(this.ctx, 'partitioner');
    const assembler = pick % 2 === 0 ? await addComponent(this.ctx, 'assembler') : 'passthrough';
    const toleratedFailures = ['', '40%', 1][pick % 3] ?? '';
    const maxTaskRetries = pick % 2;
    const config = { maxTaskRetries, jobTimeout: 36_000, allowEmpty: true, toleratedFailures };
    this.jobs.push((await startJob(this.ctx, { partitioner, assembler, config })).id);
  }

  async make({ action, pick }: Move): Promise<void> {
    const i = pick % RUNNERS;
    const runner = this.runners[i];
    const held = this.held[i];
    const sent = this.sent[i];
    if (!runner || !held || !sent) throw new Error('no such runner');
    const grant = held[pick % Math.max(1, held.length)];
    const report = async (...reports: TestReport[]) => {
      sent.push(...reports);
      await runner.report(...reports);
      const ended = new Set(reports.map((one) => one.report.lease));
      this.held[i] = held.filter((one) => !ended.has(one.lease));
    };
    switch (action) {
      case 'claim':
        held.push(...(await runner.claim(1 + (pick % 4))));
        break;
      case 'succeed':
        await report(...held.slice(0, 1 + (pick % 3)).map((one) => this.success(one)));
        break;
      case 'fail':
        if (grant) await report(failed(this.ctx, grant));
        break;
      case 'lose':
        if (grant) await report(failed(this.ctx, grant, 'INTERNAL'));
        break;
      case 'release':
        if (grant) await runner.exchange({ released: [grant.lease] });
        break;
      case 'phases':
        await runner.exchange({ phases: held.map((one) => phaseOf(this.ctx, one, 'RUNNING')) });
        break;
      case 'beat':
        await this.beat(i);
        break;
      case 'repeat':
        if (sent.length > 0) await runner.report(...sent.slice(-3));
        break;
      case 'step':
        await runNextStep(this.ctx, 'a', new AbortController().signal);
        break;
      case 'stopped-step':
        await runNextStep(this.ctx, 'b', AbortSignal.abort());
        break;
      case 'pass':
        this.ctx.advance(5000);
        await this.reap();
        await endOverdueJobs(this.ctx);
        break;
      case 'gap':
        this.ctx.advance(60_000);
        await this.reap();
        break;
      case 'sweep':
        await ageAll(this.ctx);
        await sweepOrphans(this.ctx);
        break;
      case 'restart':
        await this.restart();
        break;
      case 'reborn':
        this.runners[i] = await runner.reborn();
        this.held[i] = [];
        break;
      case 'abort':
        if (pick % 4 === 0) await this.abort(pick);
        break;
      case 'run-again':
        await this.runAgain(pick);
        break;
      case 'expire':
        if (pick % 4 === 0) await this.sleep(this.ctx.config.retentionMs);
        await expireJobData(this.ctx);
        break;
      case 'start':
        await this.start(pick);
        break;
    }
  }

  private success(grant: Grant): TestReport {
    const isPartitioner = grant.ref.kind === 'PARTITIONER';
    const files = isPartitioner
      ? Object.fromEntries([0, 1, 2, 3, 4].map((n) => [`data_${n}.bin`, `${n}`]))
      : { 'same.txt': `${grant.ref.chunk}`, [`${grant.ref.chunk}`]: '' };
    return succeeded(this.ctx, grant, files, { startedAt: this.ctx.now() - 500 });
  }

  private async beat(i: number): Promise<void> {
    const kill = new Set(
      await this.runners[i]?.beat(this.held[i]?.map(({ lease }) => lease) ?? []),
    );
    this.held[i] = this.held[i]?.filter(({ lease }) => !kill.has(lease)) ?? [];
  }

  /** So long that runners, whom nobody has heard of meanwhile, make themselves known again. */
  private async sleep(ms: number): Promise<void> {
    this.ctx.advance(ms);
    await this.reap();
    for (const runner of this.runners) await runner.register();
  }

  private async restart(): Promise<void> {
    this.ctx = await this.ctx.restart();
    this.reap = createReaper(this.ctx);
    await releaseAllSteps(this.ctx.store.db);
    await this.reap();
    this.runners = this.runners.map((runner) => runner.at(this.ctx));
    for (const runner of this.runners) await runner.register();
  }

  private async abort(pick: number): Promise<void> {
    const id = this.jobs[pick % this.jobs.length];
    if (id === undefined) return;
    await abortJob(this.ctx, this.ctx.account, id).catch((error: unknown) => {
      if (!(error instanceof Error) || !/already ended/.test(error.message)) throw error;
    });
  }

  /** A job that has ended, with all or one of its chunks. */
  private async runAgain(pick: number): Promise<void> {
    const id = this.jobs[pick % this.jobs.length];
    if (id === undefined) return;
    const chunks = pick % 3 === 0 ? { chunks: `${pick % 5}` } : {};
    await retryJob(this.ctx, this.ctx.account, id, chunks).catch((error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
    });
  }

  problems(): Promise<string[]> {
    return findProblems(this.ctx);
  }

  /** From wherever it is, healthy runners and a server that runs bring every job to its end. */
  async finish(): Promise<void> {
    const isOpen = async () =>
      (await this.ctx.store.db.selectFrom('job').select('state').execute()).some(
        ({ state }) => state !== 'COMPLETE' && state !== 'FAILED',
      );
    for (let round = 0; await isOpen(); round++) {
      if (round === 200) throw new Error('a job did not end');
      this.ctx.advance(5000);
      await this.reap();
      await runSteps(this.ctx);
      for (const [i, runner] of this.runners.entries()) {
        await this.beat(i);
        this.held[i]?.push(...(await runner.claim()));
        await runner.report(...(this.held[i] ?? []).map((grant) => this.success(grant)));
        this.held[i] = [];
      }
    }
    await collectGarbage(this.ctx);
    await ageAll(this.ctx);
    await sweepOrphans(this.ctx);
  }

  dispose(): Promise<void> {
    return this.ctx.dispose();
  }
}

it('keeps every promise whatever happens in whatever order, and brings every job to an end', async () => {
  await fc.assert(
    fc.asyncProperty(moves, async (list) => {
      const world = await World.create();
      try {
        for (const move of list) {
          await world.make(move);
          expect(await world.problems()).toEqual([]);
        }
        await world.finish();
        expect(await world.problems()).toEqual([]);
      } finally {
        await world.dispose();
      }
    }),
    { numRuns: 10, interruptAfterTimeLimit: 60_000, endOnFailure: true },
  );
}, 120_000);
