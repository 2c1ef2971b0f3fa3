const FIRST_MS = 100;
const CAP_MS = 5000;

/** Exponential backoff with jitter for calls to a server that is away. */
export class Backoff {
  private failures = 0;
  private wake: (() => void) | undefined;

  get isWaiting(): boolean {
    return this.wake !== undefined;
  }

  async wait(): Promise<void> {
    const limitMs = Math.min(CAP_MS, FIRST_MS * 2 ** this.failures++);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs * (0.5 + Math.random() / 2));
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.wake = undefined;
  }

  /** The server answers: whoever waits goes on. */
  reset(): void {
    this.failures = 0;
    this.wake?.();
  }
}
