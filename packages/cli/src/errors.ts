/** What a command says when it cannot do its work: what and where, why, and how to put it right. */

interface Explanation {
  /** One line each: the reasons, the problems found. */
  why?: readonly string[];
  /** One line each: what to do about it. */
  fix?: readonly string[];
}

/** Something the user can understand and put right; exit code 1. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number = 1;
  readonly why: readonly string[];
  readonly fix: readonly string[];

  constructor(what: string, explanation: Explanation = {}) {
    super(what);
    this.why = explanation.why ?? [];
    this.fix = explanation.fix ?? [];
  }
}

/** The command line itself is wrong; exit code 2. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  override readonly exitCode = 2;
}

/** The user pressed Ctrl-C. What is left running, and how to return, has been said already. */
export class Interrupted extends CliError {
  override readonly name = 'Interrupted';
  override readonly exitCode = 130;

  constructor() {
    super('interrupted');
  }
}
