/** What commands share that start programs and stay until they are stopped. */
import { Option, type Command } from 'commander';
import type { LogFormat } from '../supervisor/child.ts';

export interface LogOptions {
  verbose?: true;
  logLevel?: string;
  logFormat?: LogFormat;
}

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
const LOG_FORMATS = ['json', 'pretty'];

export function logLevelOption(): Option {
  const level = new Option('--log-level <level>', 'the least level of what is logged (else info)');
  return level.choices(LOG_LEVELS);
}

/** `what`: whose logs are printed. */
export function addLogOptions(command: Command, what: string): void {
  command
    .option('--verbose', `print ${what}`)
    .addOption(logLevelOption())
    .addOption(
      new Option('--log-format <form>', `how --verbose prints ${what}`).choices(LOG_FORMATS),
    );
}

/** The form in which logs are printed; undefined prints none. */
export function shownFormat({ verbose, logFormat }: LogOptions): LogFormat | undefined {
  // For whoever reads it: people, or a program that takes them.
  return verbose && (logFormat ?? (process.stderr.isTTY ? 'pretty' : 'json'));
}

/** The first signal asks for a stop, and says so; the next one does not wait any more. */
export function stopOnSignals(): { stop: AbortSignal; force: AbortSignal } {
  const stop = new AbortController();
  const force = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) force.abort();
      else stop.abort();
    });
  }
  stop.signal.addEventListener('abort', () => {
    process.stderr.write('Stopping: tasks under way are given back ... (again to force)\n');
  });
  return { stop: stop.signal, force: force.signal };
}
