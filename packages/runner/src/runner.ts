/** The composition root: wires the parts, lets them work, and drains them in order. */
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import type { SandboxTier, TaskContext, TaskNetwork } from '@bytenite/contract';
import type { Logger } from 'pino';
import { AttemptLog } from './attempt-log.ts';
import { Attempt, type GrantedTask } from './attempt.ts';
import { CacheListings } from './cache-listing.ts';
import { CacheQuota } from './cache-quota.ts';
import { CacheSync } from './cache-sync.ts';
import { Caches } from './caches.ts';
import { Capacity } from './capacity.ts';
import { ServerClock } from './clock.ts';
import type { RunnerConfig } from './config.ts';
import { DiskWatch } from './disk-watch.ts';
import { ExchangeLoop } from './exchange-loop.ts';
import { findGpus, type Gpu } from './gpus.ts';
import { Heartbeat } from './heartbeat.ts';
import { lookingUid, MAX_SLOTS } from './id-range.ts';
import { Interpreters } from './interpreters.ts';
import { Outbox } from './outbox.ts';
import { PackageCache } from './packages.ts';
import { describeError } from './errors.ts';
import { createRedactor, type Redactor } from './redact.ts';
import { openSandbox } from './sandbox/open-sandbox.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { ServerClient } from './server-client.ts';
import { Session } from './session.ts';
import { TaskRunner, type TaskRunnerDeps } from './task-runner.ts';
import { RUNNER_VERSION } from './version.ts';
import { clearAttempts, openWorkDir, type WorkDir } from './work-dir.ts';
import { WorkList } from './work-list.ts';

/** A drain is bounded whatever a task does with its SIGTERM. */
const DRAIN_GRACE_MS = 2000;
const LAST_CALL_MS = 2000;

interface RunnerParts {
  config: RunnerConfig;
  log: Logger;
  dir: WorkDir;
  client: ServerClient;
  sandbox: Sandbox;
  /** First uid of the slots; null as an ordinary user. */
  uidBase: number | null;
  gpus: Gpu[];
  staging: Pick<TaskRunnerDeps, 'packages' | 'interpreters' | 'caches'>;
}

/** The server wants it no more; what was under way has been stopped. */
export class Refused extends Error {
  override name = 'Refused';

  constructor() {
    super('the server refuses this runner: its token was revoked or replaced');
  }
}

export class Runner {
  private readonly parts: RunnerParts;
  private readonly clock = new ServerClock();
  private readonly calls = new AbortController();
  private readonly refused = new AbortController();
  private readonly redactors = new WeakMap<TaskContext, Redactor>();
  private readonly capacity: Capacity;
  private readonly session: Session;
  private readonly outbox: Outbox;
  private readonly work: WorkList;
  private readonly exchange: ExchangeLoop;
  private readonly heartbeat: Heartbeat;

  private constructor(parts: RunnerParts) {
    const { config, log, gpus } = parts;
    this.parts = parts;
    const { cpus, memoryBytes } = config;
    this.capacity = new Capacity({ cpus, memoryBytes, gpus });
    this.session = this.createSession();
    this.outbox = new Outbox(({ lease }, verdict) => {
      if (verdict !== 'committed') log.info({ lease, verdict }, 'attempt not committed');
    });
    this.work = this.createWorkList();
    this.exchange = this.createExchange();
    this.heartbeat = this.createHeartbeat();
  }

  /** Everything up to the first registration, which is tried until the server answers. */
  static async start(config: RunnerConfig, log: Logger, signal: AbortSignal): Promise<Runner> {
    const token = (await readFile(config.tokenFile, 'utf8')).trim();
    const dir = openWorkDir(config.workDir, config.uidBase);
    const interpreters = new Interpreters(
      config.python,
      lookingUid(config.uidBase),
      process.env['PATH'] ?? '',
    );
    const python = await interpreters.resolvePython();
    const gpus = await findGpus(config.gpus, log);
    const { sandbox, uidBase } = await openSandbox(config, dir, python, log, signal);
    const client = new ServerClient(config.server, token);
    try {
      clearAttempts(dir);
      const packages = new PackageCache(dir.packages, client, config.packageCacheBytes);
      await packages.load();
      const caches = new Caches(dir.caches, uidBase, dir.trash);
      const staging = { packages, interpreters, caches };
      const runner = new Runner({ config, log, dir, client, sandbox, uidBase, gpus, staging });
      await runner.register(signal);
      return runner;
    } catch (error) {
      await sandbox.close();
      await client.close();
      throw error;
    }
  }

  /** How its tasks are kept apart, as the server and the supervisor are told. */
  get isolation(): { tier: SandboxTier; tierReason: string; network: TaskNetwork } {
    const { tier, reason, network } = this.parts.sandbox;
    return { tier, tierReason: reason, network };
  }

  /** What the supervisor shows of it. */
  get offer(): Record<string, unknown> {
    const { gpus } = this.parts;
    const { cpus, memoryBytes } = this.parts.config;
    const { runnerId } = this.session.identity;
    return { runnerId, cpus, memoryBytes, gpus: gpus.map(({ model }) => model) };
  }

  /** Works until the signal, then drains: no task, lease or process is left behind. */
  async run(signal: AbortSignal): Promise<void> {
    const beating = this.heartbeat.run();
    this.exchange.start();
    const ends = AbortSignal.any([signal, this.refused.signal]);
    if (!ends.aborted) {
      await new Promise((resolve) => ends.addEventListener('abort', resolve, { once: true }));
    }
    await this.drain();
    await beating;
    if (this.refused.signal.aborted && !signal.aborted) throw new Refused();
  }

  private async register(signal: AbortSignal): Promise<void> {
    const abort = () => this.calls.abort();
    signal.addEventListener('abort', abort);
    await this.session.register();
    signal.removeEventListener('abort', abort);
    signal.throwIfAborted();
  }

  private async drain(): Promise<void> {
    const { log } = this.parts;
    log.info({ attempts: this.work.attempts().length }, 'draining');
    this.work.drain(Math.min(DRAIN_GRACE_MS, this.session.settings.graceMs));
    await this.work.whenIdle();
    await this.exchange.finish(AbortSignal.timeout(LAST_CALL_MS));
    await this.close();
    log.info('drained');
  }

  private async close(): Promise<void> {
    this.calls.abort();
    await this.parts.sandbox.close();
    await this.parts.client.close();
  }

  private createSession(): Session {
    const { config, client, sandbox, log, gpus } = this.parts;
    const { name, instance, labels, cpus, memoryBytes, overcommit } = config;
    return new Session({
      client,
      log,
      clock: this.clock,
      signal: this.calls.signal,
      registration: {
        name,
        instance,
        host: hostname(),
        labels,
        cpus,
        memoryBytes,
        overcommit,
        gpus: gpus.map(({ model }) => model),
        ...this.isolation,
        version: RUNNER_VERSION,
      },
      onRefused: (error) => {
        log.fatal({ error: describeError(error) }, 'the server refuses this runner');
        this.refused.abort(error);
      },
      onRegistered: (welcome, sentAt) => sandbox.renew(welcome.leaseMs, sentAt),
    });
  }

  private createWorkList(): WorkList {
    const { config, dir, client, sandbox, staging } = this.parts;
    const diskWatch = new DiskWatch();
    const limitBytes = config.userCacheBytes;
    const empty = (folder: string) => staging.caches.empty(folder);
    const tasks = new TaskRunner({
      client,
      sandbox,
      capacity: this.capacity,
      clock: this.clock,
      diskWatch,
      cacheSync: new CacheSync({ client, caches: staging.caches, userCacheBytes: limitBytes }),
      cacheListings: this.createCacheListings(),
      cacheQuota: new CacheQuota({ limitBytes, diskWatch, empty }),
      ...staging,
      workDir: dir.root,
      diskBytes: config.taskDiskBytes,
      diskFiles: config.taskFiles,
      processes: config.taskProcesses,
      logBytes: config.taskLogBytes,
      warmStarts: config.warmStarts,
      cacheBytes: limitBytes,
      graceMs: () => this.session.settings.graceMs,
    });
    return new WorkList(this.capacity, {
      attemptsDir: dir.attempts,
      trashDir: dir.trash,
      uidBase: this.parts.uidBase,
      slots: MAX_SLOTS,
      run: (attempt, place) => tasks.run(attempt, place),
      onEnded: (attempt) => {
        this.outbox.addEnd(attempt);
        this.exchange.notifyEnd();
      },
      onReleased: (lease) => {
        this.outbox.release(lease);
        this.exchange.notifyEnd();
      },
    });
  }

  private createCacheListings(): CacheListings {
    const { client, log, staging } = this.parts;
    const { caches } = staging;
    const identity = () => this.session.identity;
    return new CacheListings({ client, caches, log, signal: this.calls.signal, identity });
  }

  private createExchange(): ExchangeLoop {
    const { outbox, work, clock, session } = this;
    const { client, log } = this.parts;
    return new ExchangeLoop({
      client,
      outbox,
      work,
      clock,
      log,
      signal: this.calls.signal,
      identity: () => session.identity,
      onGrant: (granted) => this.accept(granted),
      leaseMs: () => session.settings.leaseMs,
      onKill: (leases) => work.kill(leases, session.settings.graceMs),
      register: () => session.register(),
    });
  }

  private createHeartbeat(): Heartbeat {
    const { clock, work, outbox, session } = this;
    const { client, log, sandbox } = this.parts;
    return new Heartbeat(client, clock, log, this.calls.signal, {
      request: () => {
        const held = [...work.attempts(), ...outbox.unreported()];
        const phases = work.phaseReports().map(({ report }) => report);
        return { ...session.identity, leases: held.map((attempt) => attempt.lease), phases };
      },
      leaseMs: () => session.settings.leaseMs,
      heartbeatMs: () => session.settings.heartbeatMs,
      onSuccess: (sentAt, kill, request) => {
        sandbox.renew(session.settings.leaseMs, sentAt);
        work.confirmPhases(request.phases);
        work.kill(kill, session.settings.graceMs);
        work.releaseSurplus();
      },
      onLost: () => {
        log.error('no lease was renewed in time: all tasks end');
        work.forgetQueue();
        work.stopAll('notRenewed', session.settings.graceMs);
      },
      register: () => session.register(),
    });
  }

  private accept(granted: GrantedTask): void {
    const { context } = granted;
    let redactor = this.redactors.get(context);
    if (!redactor) {
      redactor = createRedactor(context.secrets);
      this.redactors.set(context, redactor);
    }
    const log = new AttemptLog(
      redactor,
      (atMs) => this.clock.at(atMs),
      () => {
        this.outbox.addLog(log, attempt);
        this.exchange.notifyLines();
      },
    );
    const need = this.capacity.needOf(context);
    const limits = this.capacity.limitsOf(context);
    const attempt = new Attempt(granted, { need, limits }, log, this.session.settings.leaseMs);
    log.onPause = (paused) => attempt.pauseOutput(paused);
    this.work.add(attempt);
  }
}
