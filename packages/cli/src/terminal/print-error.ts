import { CliError } from '../errors.ts';
import { printable, printableLine } from './escape.ts';
import { paintError } from './style.ts';

/** Writes an error to stderr: what, why, how to fix it. A fault of ours keeps its stack. */
export function printError(error: unknown): void {
  if (!(error instanceof CliError)) {
    const fault = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`${paintError('red', 'bytenite: internal error:')} ${fault}\n`);
    return;
  }
  const lines = [
    `${paintError('red', 'bytenite:')} ${printable(error.message)}`,
    ...error.why.map((line) => `  ${printableLine(line)}`),
    ...error.fix.map(
      (line, i) => `${i === 0 ? paintError('bold', 'fix:') : '    '} ${printable(line)}`,
    ),
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
}
