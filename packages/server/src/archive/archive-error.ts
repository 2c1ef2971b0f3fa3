import type { PackageFiles } from './package-file.ts';

const MAX_PROBLEMS = 50;

/** A package that was refused, with everything that is wrong with it. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
  readonly problems: readonly string[];
  /** What could be read all the same, so that the problems inside can be told together with these. */
  readonly files: PackageFiles | null;

  constructor(
    problems: readonly string[],
    options: ErrorOptions & { files?: PackageFiles | null } = {},
  ) {
    const more = problems.length - MAX_PROBLEMS;
    const shown =
      more > 0 ? [...problems.slice(0, MAX_PROBLEMS), `and ${more} more problems`] : problems;
    super(shown.join('; '), options);
    this.problems = shown;
    this.files = options.files ?? null;
  }
}
