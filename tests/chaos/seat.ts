/** A program of the platform that is killed, frozen and started again, as a supervisor would. */
import type { ChildProcess } from 'node:child_process';
import { programOf } from '../support/platform.ts';

export interface Started {
  child: ChildProcess;
  ready: Record<string, unknown>;
}

/** What it needs may be away as well. */
const UP_MS = 60_000;
const AGAIN_MS = 200;
const STOP_MS = 10_000;

export class Seat {
  readonly name: string;
  /** Where it listens; it keeps its place. */
  port = 0;
  private child: ChildProcess | null = null;
  private isMeantToRun = false;
  private isFrozen = false;
  private readonly start: () => Promise<Started>;

  constructor(name: string, start: () => Promise<Started>) {
    this.name = name;
    this.start = start;
  }

  get isUp(): boolean {
    return this.isMeantToRun && this.child !== null;
  }

  /** Starts it until it is up. */
  async up(): Promise<void> {
    const deadline = Date.now() + UP_MS;
    for (;;) {
      try {
        const { child, ready } = await this.start();
        this.child = child;
        this.port = Number(ready['port'] ?? 0);
        this.isMeantToRun = true;
        return;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }

  async kill(): Promise<void> {
    this.isMeantToRun = false;
    if (this.child !== null) await programOf(this.child).kill();
    this.child = null;
  }

  freeze(): void {
    this.isFrozen = this.child?.kill('SIGSTOP') === true;
  }

  thaw(): void {
    if (this.isFrozen) this.child?.kill('SIGCONT');
    this.isFrozen = false;
  }

  /** A program that ended though nobody killed it. */
  problems(): string[] {
    const end = this.child?.exitCode ?? this.child?.signalCode;
    return this.isMeantToRun && end != null ? [`the ${this.name} ended by itself with ${end}`] : [];
  }

  async stop(): Promise<void> {
    this.thaw();
    const { child } = this;
    this.isMeantToRun = false;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      child.once('exit', () => {
        clearTimeout(timer);
        resolve();
      });
      child.kill('SIGTERM');
    });
  }
}
