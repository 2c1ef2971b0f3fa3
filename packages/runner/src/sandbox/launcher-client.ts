/**
 * The runner's end of the launcher: one child process that does all the forking (launcher/launcher.py).
 *
 * A launcher that dies takes its supervisors and their tasks with it. They hold the launcher's output
 * too, so its end (`close`) means that all of them are gone; only then are the runs in flight
 * answered `lost` and a new launcher is started, which first waits for the old one's lock.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Frame, FRAME, FrameReader } from './frames.ts';

const LAUNCHER = fileURLToPath(new URL('../../launcher/launcher.py', import.meta.url));
const START_TIMEOUT_MS = 60_000;
const RESTART_DELAY_MS = 500;

export interface LauncherOptions {
  python: string;
  lockFile: string;
  cgroup: string;
  attemptsDir: string;
  uidBase: number | null;
  onStderr(line: string): void;
}

export interface LauncherReady {
  version: 1 | 2 | null;
  controllers: string[];
  problem: string;
}

/** What a run hears: frames, and the loss of its supervisor or of the launcher. */
export interface LauncherRun {
  slot: number;
  onFrame(frame: Frame): void;
  onLost(message: string): void;
}

export class LauncherClient {
  private readonly runs = new Map<number, LauncherRun>();
  private child: ChildProcess | undefined;
  private ready: Promise<LauncherReady>;
  private nextRun = 1;
  private closed = false;
  private deadlineMs = 0;

  private readonly options: LauncherOptions;

  constructor(options: LauncherOptions) {
    this.options = options;
    this.ready = this.start();
  }

  whenReady(): Promise<LauncherReady> {
    return this.ready;
  }

  /** Starts a run; `spec` is the supervisor's command without its id. Returns the id. */
  run(run: LauncherRun, spec: object): number {
    const id = this.nextRun;
    this.nextRun = (this.nextRun % 0xffff_fffe) + 1;
    this.runs.set(id, run);
    this.send(run.slot, { do: 'run', id, ...spec });
    return id;
  }

  command(id: number, command: object): void {
    const run = this.runs.get(id);
    if (run) this.send(run.slot, { ...command, id });
  }

  renewUntil(deadlineMs: number): void {
    this.deadlineMs = deadlineMs;
    this.child?.stdin?.write(`renew ${this.secondsLeft()}\n`);
  }

  /** Kills what still runs and waits until all of it is gone. */
  async close(): Promise<void> {
    this.closed = true;
    const child = this.child;
    if (!child) return;
    const closed = new Promise((resolve) => child.once('close', resolve));
    child.stdin?.end();
    await closed;
  }

  private send(slot: number, command: object): void {
    this.child?.stdin?.write(`${slot} ${JSON.stringify(command)}\n`);
  }

  private secondsLeft(): string {
    return Math.max(0, (this.deadlineMs - Number(process.hrtime.bigint()) / 1e6) / 1000).toFixed(3);
  }

  private start(): Promise<LauncherReady> {
    const { python, lockFile, cgroup, attemptsDir, uidBase } = this.options;
    const argument = JSON.stringify({ lock: lockFile, cgroup, attempts: attemptsDir, uidBase });
    // Its own session: a Ctrl-C at the terminal is the runner's to handle, not the tasks'.
    const child = spawn(python, ['-I', '-S', '-B', LAUNCHER, argument], {
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
      env: { LANG: 'C.UTF-8', PATH: '/usr/bin:/bin' },
    });
    this.child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      for (const line of text.split('\n')) if (line !== '') this.options.onStderr(line);
    });
    // The pipe of a dead launcher: 'close' tells the story.
    child.stdin.on('error', () => undefined);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
      const reader = new FrameReader();
      child.stdout.on('data', (chunk: Buffer) => {
        for (const frame of reader.read(chunk)) {
          if (frame.kind === FRAME.ready) {
            clearTimeout(timer);
            child.stdin.write(`renew ${this.secondsLeft()}\n`);
            resolve(JSON.parse(frame.payload.toString()) as LauncherReady);
          } else this.dispatch(frame);
        }
      });
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        reject(new Error(`the launcher ended before it was ready (${signal ?? code})`));
        this.onClose();
      });
    });
  }

  private dispatch(frame: Frame): void {
    if (frame.kind === FRAME.lost) {
      const { slot } = JSON.parse(frame.payload.toString()) as { slot: number };
      this.lose((run) => run.slot === slot, 'the supervisor of the task was killed');
      return;
    }
    const run = this.runs.get(frame.run);
    if (frame.kind === FRAME.exited) this.runs.delete(frame.run);
    run?.onFrame(frame);
  }

  private onClose(): void {
    this.child = undefined;
    if (!this.closed) {
      this.ready = new Promise((resolve) => void setTimeout(resolve, RESTART_DELAY_MS)).then(() =>
        this.start(),
      );
      this.ready.catch((error: Error) => this.options.onStderr(error.message));
    }
    this.lose(() => true, 'the launcher of the tasks was killed');
  }

  private lose(isLost: (run: LauncherRun) => boolean, message: string): void {
    for (const [id, run] of this.runs) {
      if (!isLost(run)) continue;
      this.runs.delete(id);
      run.onLost(message);
    }
  }
}
