/**
 * The lines of one attempt on their way to the server. Lines wait here until an exchange takes them;
 * what an exchange took is put back when it fails, so no line is lost while the runner lives.
 */
import type { LogLevel } from '@bytenite/contract';
import { LineSplitter } from './line-splitter.ts';
import type { Redactor } from './redact.ts';
import type { OutputStream } from './sandbox/sandbox.ts';

/** The container of the runner's own lines; a printed line has none. */
const RUNNER_CONTAINER = 'main';

/** Above the first a task's output is held back, below the second it is let go again. */
const PAUSE_CHARS = 8 * 1024 * 1024;
const RESUME_CHARS = 2 * 1024 * 1024;

export interface LogChunk {
  bytes: Buffer;
  from: number;
  to: number;
  levels: LogLevel[];
}

export class AttemptLog {
  private lines: string[] = [];
  private from = 0;
  private to = 0;
  private readonly levels = new Set<LogLevel>();
  private putBack: LogChunk[] = [];
  private readonly splitters: Record<OutputStream, LineSplitter>;
  /** Characters waiting: close enough to bytes to say when a task prints too fast. */
  pending = 0;
  /** Called when the task prints faster than its lines are taken, and when they have been. */
  onPause: (paused: boolean) => void = () => undefined;
  private isPaused = false;
  /** Last line on stderr that is not blank, for the error message. */
  lastStderr = '';

  private readonly redactor: Redactor;
  private readonly serverTime: (monotonicMs: number) => number;
  private readonly onDirty: (log: AttemptLog) => void;

  constructor(
    redactor: Redactor,
    serverTime: (monotonicMs: number) => number,
    onDirty: (log: AttemptLog) => void,
  ) {
    this.redactor = redactor;
    this.serverTime = serverTime;
    this.onDirty = onDirty;
    this.splitters = { stdout: this.createSplitter(false), stderr: this.createSplitter(true) };
  }

  /** A line of the runner itself. */
  say(level: LogLevel, message: string, atMs: number): void {
    this.add(level, RUNNER_CONTAINER, this.redactor.redact(message), atMs);
  }

  print(stream: OutputStream, bytes: Uint8Array, atMs: number): void {
    const { buffer, byteOffset, byteLength } = bytes;
    this.splitters[stream].add(Buffer.from(buffer, byteOffset, byteLength), atMs);
  }

  /** The task has ended; last lines without a newline become lines. */
  endOutput(atMs: number): void {
    this.splitters.stdout.end(atMs);
    this.splitters.stderr.end(atMs);
  }

  get isEmpty(): boolean {
    return this.lines.length === 0 && this.putBack.length === 0;
  }

  /** Everything that waits, at most about `limit` bytes of it. */
  take(limit: number): LogChunk | undefined {
    const old = this.putBack.shift();
    if (old) return old;
    if (this.lines.length === 0) return undefined;
    let size = 0;
    let count = 0;
    while (count < this.lines.length && (count === 0 || size < limit)) {
      size += (this.lines[count] as string).length;
      count++;
    }
    const taken = count === this.lines.length ? this.lines : this.lines.splice(0, count);
    const chunk = {
      bytes: Buffer.from(taken.join('')),
      from: this.from,
      to: this.to,
      levels: [...this.levels],
    };
    this.pending -= size;
    if (this.isPaused && this.pending < RESUME_CHARS) {
      this.isPaused = false;
      this.onPause(false);
    }
    if (taken === this.lines) {
      this.lines = [];
      this.levels.clear();
      this.from = 0;
    }
    return chunk;
  }

  restore(chunk: LogChunk): void {
    this.putBack.push(chunk);
  }

  private createSplitter(isStderr: boolean): LineSplitter {
    const { redactor } = this;
    return new LineSplitter(
      (raw, atMs) => {
        const line = redactor.redact(raw);
        if (isStderr && line.trim() !== '') this.lastStderr = line.trim();
        this.add('UNKNOWN', '', line, atMs);
      },
      (text, cut) => redactor.cutBefore(text, cut),
      redactor.longestBytes,
    );
  }

  private add(level: LogLevel, container: string, message: string, atMs: number): void {
    const t = this.serverTime(atMs);
    // Lines of two streams meet here: their times may not run backwards.
    this.to = Math.max(this.to, t);
    if (this.from === 0) this.from = this.to;
    this.levels.add(level);
    const line = `{"t":${this.to},"l":"${level}","c":"${container}","m":${JSON.stringify(message)}}\n`;
    this.lines.push(line);
    this.pending += line.length;
    if (this.lines.length === 1) this.onDirty(this);
    if (!this.isPaused && this.pending > PAUSE_CHARS) {
      this.isPaused = true;
      this.onPause(true);
    }
  }
}
