import { CommanderError } from 'commander';
import { CliError, Interrupted } from './errors.ts';
import { createProgram } from './program.ts';
import { printError } from './terminal/print-error.ts';

/** Runs one command line. Returns the exit code: 0 ok, 1 error, 2 wrong usage, 130 Ctrl-C. */
export async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.off('error', endAtClosedPipe).on('error', endAtClosedPipe);
  }
  try {
    await createProgram().parseAsync(expandHelp(argv), { from: 'user' });
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** `bytenite help job run` is `bytenite job run --help`, which also works for commands that load late. */
function expandHelp(argv: readonly string[]): string[] {
  return argv[0] === 'help' ? [...argv.slice(1), '--help'] : [...argv];
}

async function report(error: unknown): Promise<number> {
  if (error instanceof CommanderError) {
    // It has printed its help or its complaint already.
    return error.exitCode === 0 ? 0 : 2;
  }
  const { describeError } = await import('./describe-error.ts');
  const described = error instanceof CliError ? error : describeError(error);
  // Ctrl-C needs no complaint: what is left running was told when it was pressed.
  if (!(described instanceof Interrupted)) printError(described);
  return described instanceof CliError ? described.exitCode : 1;
}

/** The reader of a pipe left (`bytenite job list | head -1`): nothing is left to do. */
function endAtClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
}
