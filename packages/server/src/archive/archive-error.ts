const MAX_PROBLEMS = 50;

/** A package that was refused, with everything that is wrong with it. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    const more = problems.length - MAX_PROBLEMS;
    const shown =
      more > 0 ? [...problems.slice(0, MAX_PROBLEMS), `and ${more} more problems`] : problems;
    super(shown.join('; '), options);
    this.problems = shown;
  }
}
