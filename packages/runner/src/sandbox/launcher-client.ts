/**
 * The runner's end of the launcher: one child process that does all the forking (launcher/launcher.py).
 *
 * A launcher that dies takes its supervisors and their tasks with it. They hold the launcher's output
 * too, so its end (`close`) means that all of them are gone; only then are the runs in flight
 * answered `lost` and a new launcher is started, which first waits for the old one's lock.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TaskNetwork } from '@bytenite/contract';
import { monotonicMs } from '../clock.ts';
import { type Frame, FRAME, FrameReader } from './frames.ts';

const LAUNCHER = fileURLToPath(new URL('../../launcher/launcher.py', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const RESTART_DELAY_MS = 500;

export interface LauncherOptions {
  python: string;
  lockFile: string;
  lockWaitSeconds: number;
  cgroup: string;
  attemptsDir: string;
  /** First uid to try; null as an ordinary user. */
  uidBase: number | null;
  /** Empty folder for the roots of zones (see launcher/zone.py). */
  zoneRoot: string;
  /** Networks to try in a zone, the best first; none for tasks without zones. */
  networks: readonly TaskNetwork[];
  /** Ranges that the operator opens, though they are not the internet. */
  opened: readonly string[];
  /** False: tasks are started by an ordinary fork even where there is a cheaper way (see spawn.py). */
  nativeSpawn: boolean;
  onStderr(line: string): void;
}

export interface LauncherReady {
  version: 1 | 2 | null;
  controllers: string[];
  problem: string;
  /** The first uid that the tasks of this runner have. */
  uidBase: number | null;
  /** What tasks reach in their zones; null where there are no zones. */
  network: TaskNetwork | null;
  /** What kept a network from working in a zone. */
  problems: Partial<Record<TaskNetwork, string>>;
}

interface LostFrame {
  slot: number;
  /** Why there was no supervisor; null for one that died. */
  problem: string | null;
}

/** What a run hears: frames, and the loss of its supervisor or of the launcher. */
export interface LauncherRun {
  slot: number;
  onFrame(frame: Frame): void;
  onLost(message: string): void;
}

export class LauncherClient {
  private readonly runs = new Map<number, { run: LauncherRun; isSent: boolean }>();
  private readonly options: LauncherOptions;
  private child: ChildProcess | undefined;
  /** Commands for a launcher that is being started again. */
  private waiting: string[] = [];
  private nextRun = 1;
  private isReady = false;
  /** Resolves when the newest launcher and all its supervisors are gone. */
  private ended: Promise<unknown> = Promise.resolve();
  private closed = false;
  private deadlineMs = 0;
  private lastStderr = '';
  private uidBase: number | null;
  private networks: readonly TaskNetwork[];
  private isUidTaken = false;

  constructor(options: LauncherOptions) {
    this.options = options;
    this.uidBase = options.uidBase;
    this.networks = options.networks;
  }

  /** Starts a run; `spec` is the supervisor's command without its id. Returns the id. */
  run(run: LauncherRun, spec: object): number {
    const id = this.nextRun;
    this.nextRun = (this.nextRun % 0xffff_fffe) + 1;
    const isSent = this.send(`${run.slot} ${JSON.stringify({ do: 'run', id, ...spec })}\n`);
    this.runs.set(id, { run, isSent });
    return id;
  }

  command(id: number, command: object): void {
    const found = this.runs.get(id);
    if (found) this.send(`${found.run.slot} ${JSON.stringify({ ...command, id })}\n`);
  }

  renewUntil(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
    this.child?.stdin?.write(this.renewal());
  }

  /** Kills what still runs and waits until all of it is gone. */
  async close(): Promise<void> {
    this.closed = true;
    const { child } = this;
    if (child) {
      // One that still waits for its lock has nothing to clean up.
      if (!this.isReady) child.kill('SIGTERM');
      child.stdin?.end();
    }
    await this.ended;
  }

  /** Starts the launcher; rejects when it ends before it is ready. */
  start(): Promise<LauncherReady> {
    const child = this.spawn();
    this.child = child;
    this.isReady = false;
    this.ended = new Promise((resolve) => void child.once('close', resolve));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.noteStderr(text));
    // The pipe of a dead launcher: 'close' tells the story.
    child.stdin?.on('error', () => this.noteDeath(child));
    child.once('exit', () => this.noteDeath(child));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
      const reader = new FrameReader();
      child.stdout?.on('data', (chunk: Buffer) => {
        try {
          for (const frame of reader.read(chunk)) {
            if (frame.kind !== FRAME.ready) this.dispatch(frame);
            else {
              clearTimeout(timer);
              resolve(this.onReady(child, frame));
            }
          }
        } catch (error) {
          // Not to be understood any more: a new one is better than none.
          this.options.onStderr(error instanceof Error ? error.message : String(error));
          child.kill('SIGKILL');
        }
      });
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        this.noteDeath(child);
        const why = this.lastStderr || `it ended with ${signal ?? code}`;
        reject(new Error(`the launcher of the tasks could not start: ${why}`));
        if (this.isReady) this.onLaunchersDeath();
      });
    });
  }

  private onReady(child: ChildProcess, frame: Frame): LauncherReady {
    const ready = JSON.parse(frame.payload.toString()) as LauncherReady;
    const [promised] = this.networks;
    if (this.isUidTaken && promised !== undefined && ready.network !== promised) {
      const why = ready.problems[promised] ?? 'unknown';
      throw new Error(`the namespaces of the tasks are not to be had again: ${why}`);
    }
    this.isReady = true;
    child.stdin?.write(this.renewal() + this.waiting.splice(0).join(''));
    for (const entry of this.runs.values()) entry.isSent = true;
    // The folders belong to these uids now: a launcher that is started again must get the same.
    this.uidBase = ready.uidBase;
    // Nor may its tasks be in another tier than the runner says: without it, starting is tried again.
    this.networks = ready.network === null ? [] : [ready.network];
    this.isUidTaken = true;
    return ready;
  }

  private spawn(): ChildProcess {
    const { python, lockFile, lockWaitSeconds, cgroup, attemptsDir } = this.options;
    const argument = JSON.stringify({
      lock: lockFile,
      lockSeconds: lockWaitSeconds,
      cgroup,
      attempts: attemptsDir,
      uidBase: this.uidBase,
      uidExact: this.isUidTaken,
      zoneRoot: this.options.zoneRoot,
      networks: this.networks,
      opened: this.options.opened,
      nativeSpawn: this.options.nativeSpawn,
    });
    // Its own session: a Ctrl-C at the terminal is the runner's to handle, not the tasks'.
    return spawn(python, ['-I', '-S', '-B', LAUNCHER, argument], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: { LANG: 'C.UTF-8', PATH: '/usr/bin:/bin' },
    });
  }

  /** False when there is no launcher that is ready: the line waits for the next one. */
  private send(line: string): boolean {
    if (this.child && this.isReady) return this.child.stdin?.write(line) !== undefined;
    this.waiting.push(line);
    return false;
  }

  /** Told by any sign of it, so that nothing more is sent there. */
  private noteDeath(child: ChildProcess): void {
    if (this.child === child) this.child = undefined;
  }

  private renewal(): string {
    const leftMs = Math.max(0, this.deadlineMs - monotonicMs());
    return `renew ${(leftMs / 1000).toFixed(3)}\n`;
  }

  private noteStderr(text: string): void {
    for (const line of text.split('\n').filter((l) => l.trim() !== '')) {
      this.lastStderr = line;
      this.options.onStderr(line);
    }
  }

  private dispatch(frame: Frame): void {
    if (frame.kind === FRAME.lost) {
      const { slot, problem } = JSON.parse(frame.payload.toString()) as LostFrame;
      const message = problem ?? 'the supervisor of the task was killed';
      this.lose((run) => run.slot === slot, message);
      return;
    }
    const found = this.runs.get(frame.run);
    if (frame.kind === FRAME.exited) {
      this.runs.delete(frame.run);
      const { reason } = JSON.parse(frame.payload.toString()) as { reason: string | null };
      // A supervisor saw the launcher go before we did.
      if (reason === 'lost') this.child = undefined;
    }
    found?.run.onFrame(frame);
  }

  private onLaunchersDeath(): void {
    if (!this.closed) void this.restart();
    this.lose((_run, isSent) => isSent, 'the launcher of the tasks was killed');
  }

  /** Until it is ready again, runs wait. */
  private async restart(): Promise<void> {
    while (!this.closed) {
      try {
        await this.start();
        return;
      } catch (error) {
        this.options.onStderr(error instanceof Error ? error.message : String(error));
        await new Promise((resolve) => void setTimeout(resolve, RESTART_DELAY_MS));
      }
    }
  }

  private lose(isLost: (run: LauncherRun, isSent: boolean) => boolean, message: string): void {
    for (const [id, { run, isSent }] of this.runs) {
      if (!isLost(run, isSent)) continue;
      this.runs.delete(id);
      run.onLost(message);
    }
  }
}
