/**
 * Kills server and runner while small jobs pass through them, restarts them, and checks the promises of
 * the state model after each kill and when all jobs of a round have ended.
 *
 * All choices come from a seed. What a kill hit is counted from the event log, see coverage.ts. The first
 * kills come at random times; later ones are mostly aimed at what was not hit often enough.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { pushComponent } from '../support/components.ts';
import { startPlatform, until, type Platform } from '../support/platform.ts';
import {
  checkCounts,
  checkLogs,
  checkNoStrangers,
  checkOutput,
  checkProcesses,
  checkTasks,
} from './client-checks.ts';
import { COMPONENTS } from './components.ts';
import { Coverage, EventLog, HOLD_MS, type Cell, type Victim } from './coverage.ts';
import { openDatabase, type Database } from './database.ts';
import {
  checkForgotten,
  checkNothingLeft,
  checkResults,
  checkSnapshot,
  isTerminal,
} from './invariants.ts';
import { describeProcess, sameProcess, taskProcesses, type TaskProcess } from './processes.ts';
import { createRandom, type Random } from './random.ts';
import { startSourceServer, type SourceServer } from './source-server.ts';
import {
  abortJob,
  makeJob,
  mayEndAs,
  retryUntilComplete,
  submitJob,
  type WorkJob,
} from './workload.ts';
import { checkSweep } from './sweep.ts';

const LEASE_MS = 2500;
const GRACE_MS = 200;
/** Jobs on their way at a time; a new one begins when one has ended. */
const JOBS_AT_A_TIME = 5;
const KILLS_PER_ROUND = 12;
/** Rounds whose kills are all at random times. */
const RANDOM_ROUNDS = 1;
const DRAIN_MS = 45_000;
const AIM_MS = 20_000;
/** So long an aimed kill waits for a moment at which it hits several of what is missing. */
const GREEDY_MS = 1500;
const POLL_MS = 10;
/** A task may lose its runner ten times; kills of this test must not use that up. */
const MAX_LOSSES = 6;
/** Long after the reaper must have ended a lease, restarts included. */
const LEASE_PATIENCE_MS = 2 * LEASE_MS + 2000;

const RANDOM_VICTIMS = [
  'server',
  'server',
  'server',
  'runner',
  'runner',
  'runner',
  'both',
  'freeze',
] as const;

const FAILPOINTS = [
  'step-claim=120-250',
  'step-source=150-300',
  'step-chunks=100-250',
  'step-collect=200-350',
  'step-deliver=200-350',
  'commit=400',
  `committed=${HOLD_MS.verdict}-150`,
  ...['stage-in', 'run', 'stage-out'].map((name) => `${name}=${HOLD_MS.phase}-400`),
  'report=60',
].join(',');

const ENVIRONMENT = {
  BYTENITE_LEASE_MS: String(LEASE_MS),
  BYTENITE_HEARTBEAT_MS: '100',
  BYTENITE_BACKOFF_BASE_MS: '20',
  BYTENITE_GRACE_MS: String(GRACE_MS),
  // Here it is never a task that ends its runner.
  BYTENITE_ALONE_AFTER_LOSSES: '100',
  BYTENITE_FAILPOINTS: FAILPOINTS,
};

/** As root: uids of this test alone, for what runs as a slot's uid is killed with the slot's task. */
const UID_BASE = 200_000 + 64 * (process.pid % 4096);
const RUNNER_ARGS = `--cpus 4 --memory ${4 * 1024 ** 3} --uid-base ${UID_BASE}`.split(' ');

export interface KillTestOptions {
  seed: number;
  minRounds?: number;
  maxRounds: number;
  /** Every cell must be hit this often by each victim. */
  wantedHits: number;
  /** Every second kill is one of this kind, whatever was not hit often enough. */
  favourite?: 'freeze' | 'server at commit';
  /** An empty PostgreSQL database; without it the server has its own file. */
  databaseUrl?: string;
  /** Another build of the server. */
  serverProgram?: string;
  /** False: nothing is kept of a run that broke a promise, as of one that must. */
  keepsData?: boolean;
  /** Hears of each kill, and of the jobs that ended with a round. */
  onProgress?: (line: string) => void;
}

interface Kill {
  number: number;
  round: number;
  how: string;
  at: number;
  cells: Cell[];
}

export interface KillReport {
  rounds: number;
  kills: Kill[];
  coverage: Coverage;
  /** Attempts that did not commit, by reason. */
  attempts: Record<string, number>;
  /** Jobs that were run again, and jobs that are complete without some chunk. */
  runAgain: number;
  incomplete: number;
}

/** A broken promise, with all that is needed to look into it. */
export class PromiseBroken extends Error {
  override readonly name = 'PromiseBroken';
  readonly problems: readonly string[];
  readonly rounds: number;
  constructor(problems: readonly string[], rounds: number, context: string) {
    super(`${problems.map((what) => `- ${what}`).join('\n')}\n${context}`);
    this.problems = problems;
    this.rounds = rounds;
  }
}

/** Runs rounds until every cell has been hit often enough; rejects PromiseBroken, keeping the data. */
export async function runKillTest(options: KillTestOptions): Promise<KillReport> {
  const platform = await startPlatform({
    env: {
      ...ENVIRONMENT,
      ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
    },
    runnerArgs: RUNNER_ARGS,
    ...(options.serverProgram !== undefined && { serverProgram: options.serverProgram }),
  });
  const sources = await startSourceServer();
  const database = openDatabase(platform.dataDir, options.databaseUrl);
  const test = new KillTest(platform, sources, database, options);
  let isBroken = true;
  try {
    const report = await test.run();
    isBroken = false;
    return report;
  } catch (error) {
    throw test.explain(error);
  } finally {
    await database.close();
    await sources.close();
    await platform.close({ keep: isBroken && options.keepsData !== false });
  }
}

class KillTest {
  private readonly platform: Platform;
  private readonly sources: SourceServer;
  private readonly database: Database;
  private readonly options: KillTestOptions;
  private readonly random: Random;
  private readonly coverage = new Coverage();
  private readonly log: EventLog;
  private readonly kills: Kill[] = [];
  private readonly startedAt = Date.now();
  private round = 0;
  private jobCount = 0;
  /** Of this round. */
  private jobs: WorkJob[] = [];
  private submissions: Promise<void>[] = [];
  /** Of earlier rounds. */
  private readonly ended: WorkJob[] = [];

  constructor(
    platform: Platform,
    sources: SourceServer,
    database: Database,
    options: KillTestOptions,
  ) {
    this.platform = platform;
    this.sources = sources;
    this.database = database;
    this.options = options;
    this.random = createRandom(options.seed);
    this.log = new EventLog(database);
  }

  async run(): Promise<KillReport> {
    for (const component of COMPONENTS) await pushComponent(this.platform, component);
    while (this.round < this.options.maxRounds && this.isShort()) {
      this.round += 1;
      await this.runRound();
    }
    this.fail(await checkSweep(this.platform, this.database));
    return {
      rounds: this.round,
      kills: this.kills,
      coverage: this.coverage,
      attempts: await this.attemptsByReason(),
      runAgain: await this.countJobs('run > 1'),
      incomplete: await this.countJobs("state = 'COMPLETE' AND failed > 0"),
    };
  }

  /** More kills are wanted. */
  private isShort(): boolean {
    const { minRounds = 1, wantedHits } = this.options;
    return this.round <= minRounds || this.coverage.missing(wantedHits).length > 0;
  }

  private async runRound(): Promise<void> {
    this.jobs = [];
    this.submissions = [];
    for (let i = 0; i < KILLS_PER_ROUND && this.isShort(); i++) {
      await this.killOnce();
      await this.checkNow();
    }
    await Promise.all(this.submissions);
    await this.drain();
    await this.checkQuiet();
    this.options.onProgress?.(`round ${this.round}: ${this.jobs.length} jobs ended as they must`);
  }

  /** Keeps some jobs on their way. */
  private async feed(): Promise<void> {
    while ((await this.activeJobs()) < JOBS_AT_A_TIME) {
      this.jobCount += 1;
      // Processes are known by it, of another kill test that runs beside this one too.
      const id = `kill-${this.options.seed}-${this.jobCount}`;
      const job = makeJob(this.random, id, this.jobCount);
      this.jobs.push(job);
      const submission = this.handle(job);
      // Looked at when the round's kills are over; until then a rejection is not an unhandled one.
      submission.catch(() => undefined);
      this.submissions.push(submission);
    }
  }

  private async handle(job: WorkJob): Promise<void> {
    const abortMs = job.fate === 'aborted' ? this.random.int(0, 6000) : 0;
    await submitJob(this.platform, this.sources, job);
    if (job.fate === 'retried') await retryUntilComplete(this.platform, job);
    if (job.fate !== 'aborted') return;
    await sleep(abortMs);
    await abortJob(this.platform, job);
  }

  private async activeJobs(): Promise<number> {
    const ended = await this.database.rows<{ id: string }>(
      "SELECT id FROM job WHERE state IN ('COMPLETE', 'FAILED')",
    );
    const ids = new Set(ended.map(({ id }) => id));
    return this.jobs.filter(({ id }) => !ids.has(id)).length;
  }

  // Kills

  private async killOnce(): Promise<void> {
    await this.spareLosers();
    const { favourite } = this.options;
    if (favourite !== undefined && this.kills.length % 2 === 0) {
      await this.killAsLiked(favourite);
      return;
    }
    const missing = this.coverage.missing(this.options.wantedHits);
    if (missing.length > 0 && this.round > RANDOM_ROUNDS && this.random.chance(0.85)) {
      const { victim } = this.random.pick(missing);
      const cells = missing.filter((one) => one.victim === victim).map(({ cell }) => cell);
      const aim = await this.waitForCells(cells);
      await this.kill(victim, aim.length > 0 ? `aimed at ${aim.join(', ')}` : 'after a missed aim');
      return;
    }
    const victim = this.random.pick(RANDOM_VICTIMS);
    await this.waitForEvents(this.random.int(0, 12));
    await sleep(this.random.int(0, 100));
    if (victim === 'both') await this.killBoth();
    else if (victim === 'freeze') await this.freezeRunner();
    else await this.kill(victim, 'at random');
  }

  private async killAsLiked(kill: NonNullable<KillTestOptions['favourite']>): Promise<void> {
    if (kill === 'server at commit') {
      const aim = await this.waitForCells(['commit']);
      await this.killServer(aim.length > 0 ? 'aimed at commit' : 'after a missed aim');
      return;
    }
    await this.waitForEvents(this.random.int(1, 12));
    await this.freezeRunner();
  }

  /** Waits while some task has lost its runner so often that one more kill might use up its losses. */
  private async spareLosers(): Promise<void> {
    await until(DRAIN_MS, 'tasks that were lost often to commit', async () => {
      const [row] = await this.database.rows<{ losses: number | null }>(
        "SELECT max(losses) AS losses FROM task WHERE state = 'open'",
      );
      return (row?.losses ?? 0) < MAX_LOSSES ? true : null;
    });
  }

  /** Random times are counted in events, so that a slow machine gets as far between two kills as a fast one. */
  private async waitForEvents(count: number): Promise<void> {
    const first = await this.log.update();
    const deadline = Date.now() + AIM_MS;
    while ((await this.log.update()) < first + count && Date.now() < deadline) {
      await this.feed();
      await sleep(POLL_MS);
    }
  }

  /** Waits for a moment at which a kill hits some of these, better several; none after a time. */
  private async waitForCells(cells: readonly Cell[]): Promise<Cell[]> {
    const greedyUntil = Date.now() + GREEDY_MS;
    const deadline = Date.now() + AIM_MS;
    while (Date.now() < deadline) {
      await this.feed();
      await this.log.update();
      const now = this.log.cellsAt(Date.now());
      const hit = cells.filter((cell) => now.has(cell));
      if (hit.length > (Date.now() < greedyUntil ? 1 : 0)) return hit;
      await sleep(POLL_MS);
    }
    return [];
  }

  private async kill(victim: Victim, how: string): Promise<void> {
    if (victim === 'server') await this.killServer(how);
    else await this.killRunner(how);
  }

  private async killServer(how: string): Promise<void> {
    const isLong = this.random.chance(0.12);
    const at = Date.now();
    await this.platform.server.kill();
    await this.record(
      'server',
      at,
      `server ${how}${isLong ? ', away for longer than a lease' : ''}`,
    );
    // What the dead server left must be whole by itself.
    this.fail(checkSnapshot(await this.database.snapshot()));
    if (isLong) await sleep(Math.max(0, at + LEASE_MS * 1.4 - Date.now()));
    await this.platform.startServer();
  }

  private async killRunner(how: string): Promise<void> {
    const at = Date.now();
    await this.platform.runner?.kill();
    await this.record('runner', at, `runner ${how}`);
    const orphans = await taskProcesses((id) => this.isOurs(id));
    await this.platform.startRunner();
    await this.requireGone(orphans, 'outlived its runner');
  }

  private async killBoth(): Promise<void> {
    const at = Date.now();
    await Promise.all([this.platform.server.kill(), this.platform.runner?.kill()]);
    // Not counted for either: each cell is to be survived by one of them alone.
    await this.record(null, at, 'server and runner at random');
    this.fail(checkSnapshot(await this.database.snapshot()));
    const orphans = await taskProcesses((id) => this.isOurs(id));
    await Promise.all([this.platform.startServer(), this.platform.startRunner()]);
    await this.requireGone(orphans, 'outlived its runner');
  }

  /** A runner that stands still until its leases are over, and then goes on as if nothing had been. */
  private async freezeRunner(): Promise<void> {
    const child = this.platform.runner?.process;
    const before = (await this.database.snapshot()).leases.map(({ id }) => id);
    const at = Date.now();
    child?.kill('SIGSTOP');
    await this.record(null, at, 'runner stopped for longer than its leases');
    const left = async () =>
      (await this.database.snapshot()).leases.filter(({ id }) => before.includes(id));
    const deadline = at + LEASE_PATIENCE_MS;
    while ((await left()).length > 0 && Date.now() < deadline) await sleep(20);
    const forgotten = (await left()).map(
      ({ id }) => `lease ${id} of a runner that stands still never ended`,
    );
    child?.kill('SIGCONT');
    this.fail(forgotten);
  }

  private async record(victim: Victim | null, at: number, how: string): Promise<void> {
    await this.log.update();
    const cells = this.log.cellsAt(at);
    if (victim !== null) this.coverage.add(victim, cells);
    const number = this.kills.length + 1;
    const kill = { number, round: this.round, how, at, cells: [...cells] };
    this.kills.push(kill);
    this.options.onProgress?.(this.describe(kill));
  }

  // Checks

  private async checkNow(): Promise<void> {
    this.checkAlive();
    const snapshot = await this.database.snapshot();
    this.fail(checkSnapshot(snapshot));
    const longEnded = new Set(
      snapshot.jobs
        .filter((job) => isTerminal(job.state) && (job.ended_at ?? 0) < snapshot.at - 3000)
        .map(({ id }) => id),
    );
    const running = await taskProcesses((id) => longEnded.has(id));
    this.fail(running.map((process) => `${describeProcess(process)} outlived its job`));
  }

  private async drain(): Promise<void> {
    const deadline = Date.now() + DRAIN_MS;
    while ((await this.activeJobs()) > 0) {
      this.checkAlive();
      const snapshot = await this.database.snapshot();
      this.fail(checkForgotten(snapshot, LEASE_PATIENCE_MS));
      if (Date.now() > deadline) this.fail(await this.unended());
      await sleep(50);
    }
  }

  private async unended(): Promise<string[]> {
    const snapshot = await this.database.snapshot();
    return snapshot.jobs
      .filter(({ state }) => !isTerminal(state) && state !== 'NEW')
      .map(({ no, id, state }) => {
        const of = (rows: { job: number }[]) =>
          JSON.stringify(rows.filter((row) => row.job === no));
        const open = snapshot.tasks.filter((task) => task.state === 'open');
        return `job ${id} is still ${state} after ${DRAIN_MS} ms without a kill; leases ${of(snapshot.leases)}, ready ${of(snapshot.ready)}, steps ${of(snapshot.steps)}, open ${of(open)}`;
      });
  }

  private async checkQuiet(): Promise<void> {
    const snapshot = await this.database.snapshot();
    this.fail([...checkSnapshot(snapshot), ...checkNothingLeft(snapshot)]);
    this.ended.push(...this.jobs);
    this.fail(checkNoStrangers(this.ended, snapshot.jobs));
    this.fail(await checkResults(this.database, snapshot));
    const alive = await taskProcesses((id) => this.isOurs(id));
    await this.requireGone(alive, 'outlived its job');
    for (const job of this.jobs) {
      const row = snapshot.jobs.find(({ id }) => id === job.id);
      const end = `${row?.state} ${row?.failure_reason}`;
      const isRight = job.isAcknowledged && mayEndAs(job).includes(end);
      this.fail([
        ...(isRight ? [] : [`${job.id} (${job.fate}) ended as ${end}: ${row?.error_message}`]),
        ...checkCounts(job, row),
        ...(row?.state === 'COMPLETE' ? await checkOutput(this.platform, this.database, job) : []),
        ...(await checkLogs(this.platform, this.database, job)),
        ...(await checkProcesses(this.platform, job)),
        ...(await checkTasks(this.platform, this.database, job)),
      ]);
    }
  }

  /** Programs end only when they are killed. */
  private checkAlive(): void {
    const { server, runner } = this.platform;
    for (const [name, program] of Object.entries({ server, runner })) {
      const code = program?.process.exitCode ?? program?.process.signalCode;
      if (code != null) this.fail([`the ${name} ended by itself with ${code}`]);
    }
  }

  private async requireGone(processes: readonly TaskProcess[], what: string): Promise<void> {
    await until(GRACE_MS + 5000, 'processes to end', async () => {
      const alive = await taskProcesses((id) => this.isOurs(id));
      return processes.some((old) => alive.some((now) => sameProcess(old, now))) ? null : true;
    }).catch(() => this.fail(processes.map((process) => `${describeProcess(process)} ${what}`)));
  }

  private isOurs(jobId: string): boolean {
    return this.jobs.some(({ id }) => id === jobId);
  }

  private async countJobs(condition: string): Promise<number> {
    const [row] = await this.database.rows<{ n: number }>(
      `SELECT count(*) AS n FROM job WHERE ${condition}`,
    );
    return row?.n ?? 0;
  }

  private async attemptsByReason(): Promise<Record<string, number>> {
    const rows = await this.database.rows<{ reason: string; count: number }>(
      'SELECT reason, count(*) AS count FROM attempt GROUP BY reason',
    );
    return Object.fromEntries(rows.map(({ reason, count }) => [reason, count]));
  }

  private fail(problems: readonly string[]): void {
    if (problems.length > 0) throw new PromiseBroken(problems, this.round, this.context());
  }

  /** Any other error, such as a server that does not start, is a broken promise as well. */
  explain(error: unknown): PromiseBroken {
    if (error instanceof PromiseBroken) return error;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return new PromiseBroken([text], this.round, this.context());
  }

  private context(): string {
    const { seed } = this.options;
    const last = this.kills.slice(-4).map((kill) => `  ${this.describe(kill)}`);
    return [
      `seed ${seed}, round ${this.round}, ${this.kills.length} kills; the last of them:`,
      ...last,
      ...(this.options.keepsData === false
        ? []
        : [`data and log are kept in ${this.platform.dir}`]),
      `BYTENITE_KILL_SEED=${seed} makes the same choices`,
    ].join('\n');
  }

  private describe({ number, how, at, cells }: Kill): string {
    return `kill ${number}: ${how} at ${new Date(at).toISOString()} (${at - this.startedAt} ms), while in ${cells.join(', ') || 'no counted state'}`;
  }
}
