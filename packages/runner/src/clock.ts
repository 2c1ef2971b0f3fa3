/**
 * The server's clock as the runner knows it, carried by the monotonic clock: a change of this
 * machine's time moves no deadline and reorders no log line.
 */

/** Worst drift between two quartz clocks that is worth correcting. */
const DRIFT_PER_MS = 1 / 10_000;

/** CLOCK_MONOTONIC in milliseconds; the launcher's frames carry the same clock. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

export class ServerClock {
  private offsetMs = Date.now() - monotonicMs();
  private errorMs = Number.POSITIVE_INFINITY;
  private measuredAt = monotonicMs();

  /** Learns from a reply's `now`; a held call is a poor sample and is passed over. */
  update(serverNow: number, sentAt: number, receivedAt: number = monotonicMs()): void {
    const errorMs = (receivedAt - sentAt) / 2;
    const agedErrorMs = this.errorMs + (receivedAt - this.measuredAt) * DRIFT_PER_MS;
    if (errorMs > agedErrorMs) return;
    this.offsetMs = serverNow - (sentAt + receivedAt) / 2;
    this.errorMs = errorMs;
    this.measuredAt = receivedAt;
  }

  /** Server time at a moment of the monotonic clock, whole milliseconds. */
  at(monotonic: number): number {
    return Math.round(monotonic + this.offsetMs);
  }

  now(): number {
    return this.at(monotonicMs());
  }
}
