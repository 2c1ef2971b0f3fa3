import { createInterface } from 'node:readline/promises';
import { UsageError } from '../errors.ts';

/** Asks on a terminal; elsewhere nobody answers, so what is missing is an error. */
export async function ask(question: string, fix: string): Promise<string> {
  if (!process.stdin.isTTY) {
    const asked = question.replace(/[\s:]+$/, '');
    throw new UsageError(`there is no terminal to ask on: ${asked}`, { fix: [fix] });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}
