/** Child processes that are kept running until they shall stop, or one of them cannot start. */
import type { Logger } from 'pino';
import { CliError } from '../errors.ts';
import { keepRunning, type ChildPlan, type KeptChild, type ReadyMessage } from './child.ts';
import type { Lock } from './lock.ts';
import { boundLog, tailOf } from './log-file.ts';

export interface StopSignals {
  /** Shut down in order. */
  stop: AbortSignal;
  /** No patience left: kill. */
  force: AbortSignal;
}

export interface ChildrenRun extends StopSignals {
  lock: Lock;
  log: Logger;
  /** Every child serves; called once. */
  onReady: (messages: ReadonlyMap<string, ReadyMessage>) => Promise<void>;
  /** Something to tell while they run. */
  notice: (text: string) => void;
}

const RUNNER_GRACE_MS = 12_000;
const SERVER_GRACE_MS = 10_000;
const LOG_CHECK_MS = 60_000;
const TAIL_LINES = 8;

/** Rejects when one of them cannot start, after the others have stopped. */
export async function runChildren(plans: readonly ChildPlan[], run: ChildrenRun): Promise<void> {
  const { lock, log, notice, stop, force } = run;
  const children: KeptChild[] = [];
  const noteChildren = () =>
    goOn(log, () => lock.setChildren(children.flatMap((child) => child.pid() ?? [])));
  const messages = new Map<string, ReadyMessage>();
  let isReady = false;
  const failure = await new Promise<CliError | undefined>((resolve) => {
    for (const plan of plans) {
      const child = keepRunning(plan, {
        started(pid) {
          log.info({ child: plan.name, childPid: pid }, 'started');
          queueMicrotask(noteChildren);
        },
        ready(message) {
          log.info({ child: plan.name }, 'ready');
          messages.set(plan.name, message);
          if (isReady || messages.size < plans.length) return;
          isReady = true;
          void run.onReady(messages).catch((error: Error) => notice(error.message));
        },
        crashed(how, pauseMs) {
          log.error({ child: plan.name, how, pauseMs }, 'ended unasked');
          notice(
            `the ${plan.name} ended (${how}); starting it again in ${pauseMs / 1000} s. Its log: ${plan.logFile}`,
          );
        },
        failed(how) {
          log.error({ child: plan.name, how }, 'does not run');
          resolve(startFailure(plan, how, messages.has(plan.name)));
        },
      });
      children.push(child);
    }
    stop.addEventListener('abort', () => resolve(undefined), { once: true });
    if (stop.aborted) resolve(undefined);
    const timer = setInterval(
      () => goOn(log, () => plans.forEach(({ logFile }) => boundLog(logFile))),
      LOG_CHECK_MS,
    );
    timer.unref();
  });
  log.info('stopping');
  await stopChildren(children, force);
  log.info('stopped');
  if (failure !== undefined) throw failure;
}

/** What a full disk does not let happen now is left until the next time. */
function goOn(log: Logger, act: () => void): void {
  try {
    act();
  } catch (error) {
    log.error({ error: (error as Error).message }, 'a file of the platform could not be written');
  }
}

/** In order: a runner that ends first gives its leases back while there is a server to take them. */
async function stopChildren(children: readonly KeptChild[], force: AbortSignal): Promise<void> {
  const killAll = () => children.forEach((child) => child.kill());
  force.addEventListener('abort', killAll);
  if (force.aborted) killAll();
  for (const child of children.toReversed()) {
    await child.stop(child.plan.name === 'runner' ? RUNNER_GRACE_MS : SERVER_GRACE_MS);
  }
  force.removeEventListener('abort', killAll);
}

function startFailure(plan: ChildPlan, how: string, wasReady: boolean): CliError {
  const what = wasReady ? 'cannot go on' : 'did not start';
  return new CliError(`the ${plan.name} ${what} (${how})`, {
    why: tailOf(plan.logFile, TAIL_LINES),
    fix: [`its whole log: ${plan.logFile}`],
  });
}
