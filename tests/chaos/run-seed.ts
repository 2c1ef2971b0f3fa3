/** One seed: jobs pass through a world in which things go wrong, and then all is well again. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkForgotten, checkSnapshot, isTerminal } from '../kill/invariants.ts';
import { createRandom, type Random } from '../kill/random.ts';
import {
  abortJob,
  makeJob,
  retryUntilComplete,
  submitJob,
  type WorkJob,
} from '../kill/workload.ts';
import { checkQuiet } from './checks.ts';
import { heal, runFaults } from './faults.ts';
import { describeFault, makePlan, TIMES, type Fault, type FaultKind } from './plan.ts';
import type { World } from './world.ts';

const FEWEST_JOBS = 4;
const MOST_JOBS = 7;
/** Jobs come while things go wrong. */
const SPREAD_MS = 4000;
const LOOK_MS = 600;
/** So long after the last fault all jobs have ended, also on a machine that has much else to do. */
const DRAIN_MS = 60_000;
/** Long after the reaper must have ended a lease. */
const LEASE_PATIENCE_MS = 2 * TIMES.leaseMs + 2000;

export interface SeedReport {
  seed: number;
  faults: FaultKind[];
  jobs: number;
  ms: number;
  /** How long the last job took to end after the last fault. */
  healedMs: number;
  problems: string[];
  /** Where to look; null when there is no problem. */
  evidence: string | null;
}

/** `before` are the jobs that the world has had; this seed's are added to them. */
export async function runSeed(
  world: World,
  seed: number,
  before: WorkJob[],
  say: (what: string) => void = () => undefined,
): Promise<SeedReport> {
  const random = createRandom(seed * 7919 + 1);
  const plan = makePlan(seed, random, world.abilities);
  const run = new SeedRun(world, seed, plan, random, say);
  const startedAt = performance.now();
  const { problems, healedMs } = await run.run(before);
  return {
    seed,
    faults: plan.map(({ kind }) => kind),
    jobs: run.jobs.length,
    ms: Math.round(performance.now() - startedAt),
    healedMs: Math.round(healedMs),
    problems,
    evidence: problems.length > 0 ? await run.keepEvidence(problems) : null,
  };
}

class SeedRun {
  readonly jobs: WorkJob[] = [];
  private readonly story: string[] = [];
  private readonly world: World;
  private readonly seed: number;
  private readonly plan: readonly Fault[];
  private readonly random: Random;
  private readonly sayAloud: (what: string) => void;

  constructor(
    world: World,
    seed: number,
    plan: readonly Fault[],
    random: Random,
    say: (what: string) => void,
  ) {
    this.world = world;
    this.seed = seed;
    this.plan = plan;
    this.random = random;
    this.sayAloud = say;
  }

  async run(before: WorkJob[]): Promise<{ problems: string[]; healedMs: number }> {
    for (const fault of this.plan) this.say(`planned: ${describeFault(fault)}`);
    const watch = new AbortController();
    const seen = this.watch(watch.signal);
    const problems: string[] = [];
    let healedMs = 0;
    try {
      const work = this.submitAll(before);
      const faults = runFaults(this.world, this.plan, (what) => this.say(what));
      // Both are waited for: what goes wrong next must not be left to the next seed.
      const ends = await Promise.allSettled([faults, work]);
      await heal(this.world);
      const healedAt = performance.now();
      this.say('all is well again');
      for (const end of ends) if (end.status === 'rejected') problems.push(textOf(end.reason));
      problems.push(...(await this.drain()));
      healedMs = performance.now() - healedAt;
    } finally {
      watch.abort();
    }
    problems.push(...(await seen));
    if (problems.length === 0) problems.push(...(await this.quiet(before)));
    return { problems, healedMs };
  }

  private async quiet(all: readonly WorkJob[]): Promise<string[]> {
    try {
      return await checkQuiet(this.world, this.jobs, all);
    } catch (error) {
      return [textOf(error)];
    }
  }

  private async submitAll(all: WorkJob[]): Promise<void> {
    const count = this.random.int(FEWEST_JOBS, MOST_JOBS);
    const orders = Array.from({ length: count }, (_, i) => {
      const number = this.seed * MOST_JOBS + i;
      const job = makeJob(this.random, `chaos-${number}-${all.length + i}`, number);
      return { job, atMs: this.random.int(0, SPREAD_MS), abortMs: this.random.int(0, 4000) };
    });
    this.jobs.push(...orders.map(({ job }) => job));
    all.push(...this.jobs);
    await Promise.all(
      orders.map(async ({ job, atMs, abortMs }) => {
        await sleep(atMs);
        const { platform, sources } = this.world;
        await submitJob(platform, sources, job);
        this.say(`${job.label} is ${job.id} (${job.fate})`);
        if (job.fate === 'retried') await retryUntilComplete(platform, job);
        if (job.fate !== 'aborted') return;
        await sleep(abortMs);
        await abortJob(platform, job);
      }),
    );
  }

  /** What is true at any moment is true now; programs end only when they are killed. */
  private async watch(signal: AbortSignal): Promise<string[]> {
    while (!signal.aborted) {
      // The database may be away.
      const snapshot = await this.world.database.snapshot().catch(() => null);
      const problems = snapshot === null ? [] : checkSnapshot(snapshot);
      const seats = [...this.world.servers, ...this.world.runners];
      problems.push(...seats.flatMap((seat) => seat.problems()));
      if (problems.length > 0) return problems;
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    return [];
  }

  private async drain(): Promise<string[]> {
    const deadline = Date.now() + DRAIN_MS;
    for (;;) {
      const snapshot = await this.world.database.snapshot();
      const open = snapshot.jobs.filter(({ state }) => !isTerminal(state) && state !== 'NEW');
      if (open.length === 0) return [];
      const forgotten = checkForgotten(snapshot, LEASE_PATIENCE_MS);
      if (forgotten.length > 0) return forgotten;
      if (Date.now() > deadline) {
        const rows = [...snapshot.leases, ...snapshot.ready, ...snapshot.steps];
        return open.map(
          ({ no, id, state }) =>
            `job ${id} is still ${state} ${DRAIN_MS} ms after the last fault: ${JSON.stringify(
              rows.filter(({ job }) => job === no),
            )}`,
        );
      }
      await sleep(250);
    }
  }

  private say(what: string): void {
    const line = `${new Date().toISOString()} seed ${this.seed}: ${what}`;
    this.story.push(line);
    this.sayAloud(line);
  }

  /** The world goes on without it. */
  async keepEvidence(problems: readonly string[]): Promise<string> {
    const dir = await mkdtemp(path.join(os.tmpdir(), `bytenite-chaos-seed-${this.seed}-`));
    const snapshot = await this.world.database.snapshot().catch(textOf);
    await writeFile(path.join(dir, 'problems'), `${problems.join('\n')}\n`);
    await writeFile(path.join(dir, 'story'), `${this.story.join('\n')}\n`);
    await writeFile(path.join(dir, 'tables.json'), JSON.stringify(snapshot, null, 1));
    await writeFile(path.join(dir, 'log'), await this.world.logs());
    return dir;
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `, because of ${textOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
