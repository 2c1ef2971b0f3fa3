import { CliError } from '../errors.ts';
import { plural } from '../terminal/format.ts';

/** Something wrong in a file; line and column where they are known. */
export interface Problem {
  file: string;
  /** From 1. */
  line?: number;
  column?: number;
  /** The key that is meant; `''` for the file as a whole. */
  key: string;
  message: string;
}

/** Throws all problems at once, one a line. */
export function refuseProblems(what: string, problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  throw new CliError(`${what}: ${plural(problems.length, 'problem')}`, {
    why: problems.map(formatProblem),
  });
}

function formatProblem({ file, line, column, key, message }: Problem): string {
  const place = line === undefined ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}  ${key === '' ? '' : `${key}: `}${message}`;
}

/** Line and column of an offset, from 1. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  return {
    line: before.split('\n').length,
    column: offset - before.lastIndexOf('\n'),
  };
}
