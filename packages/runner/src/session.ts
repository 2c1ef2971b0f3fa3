/** The runner's standing with its server: who it is, and what the server told it at registration. */
import { randomUUID } from 'node:crypto';
import type { RunnerRegistration, RunnerWelcome } from '@bytenite/contract';
import type { Logger } from 'pino';
import { Backoff } from './backoff.ts';
import { monotonicMs, type ServerClock } from './clock.ts';
import { describeError } from './errors.ts';
import { ServerError, type ServerClient } from './server-client.ts';

export interface SessionDeps {
  client: ServerClient;
  clock: ServerClock;
  log: Logger;
  signal: AbortSignal;
  registration: Omit<RunnerRegistration, 'incarnation'>;
  /** The server takes its token no more: nothing of what it holds is its own any longer. */
  onRefused(error: ServerError): void;
  /** No lease of this runner can be older than this moment. */
  onRegistered(welcome: RunnerWelcome, sentAt: number): void;
}

export class Session {
  private readonly incarnation = randomUUID();
  private readonly deps: SessionDeps;
  private welcome: RunnerWelcome | undefined;
  private registering: Promise<void> | undefined;

  constructor(deps: SessionDeps) {
    this.deps = deps;
  }

  get settings(): RunnerWelcome {
    if (!this.welcome) throw new Error('not registered yet');
    return this.welcome;
  }

  get identity(): { runnerId: string; incarnation: string } {
    return { runnerId: this.settings.runnerId, incarnation: this.incarnation };
  }

  /** Tries until the server answers; throws when the first answer is a refusal. Both lanes and the heartbeat may ask, one call serves all. */
  register(): Promise<void> {
    this.registering ??= this.registerUntilDone().finally(() => (this.registering = undefined));
    return this.registering;
  }

  /** A token that is not known will not be; what else is refused may be allowed to one that has worked. */
  private isFinal(error: ServerError): boolean {
    return error.mustRegister || (error.isRefusal && this.welcome === undefined);
  }

  private async registerUntilDone(): Promise<void> {
    const { client, clock, log, signal, registration } = this.deps;
    const backoff = new Backoff();
    while (!signal.aborted) {
      const sentAt = monotonicMs();
      try {
        const answer = await client.register(
          { ...registration, incarnation: this.incarnation },
          signal,
        );
        this.welcome = answer;
        clock.update(answer.now, sentAt);
        this.deps.onRegistered(answer, sentAt);
        log.info({ runnerId: answer.runnerId }, 'registered');
        return;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof ServerError && this.isFinal(error)) {
          // Refused before it ever worked: this is for the operator to put right.
          if (this.welcome === undefined) throw error;
          this.deps.onRefused(error);
          return;
        }
        log.warn({ error: describeError(error) }, 'registration failed, trying again');
        await backoff.wait();
      }
    }
  }
}
