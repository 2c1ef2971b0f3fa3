import { InvalidArgumentError, Option } from 'commander';

/** The contract's largest page. */
const MAX_LIMIT = 1000;

export function limitOption(standard: number): Option {
  return new Option('--limit <n>', `how many at most (up to ${MAX_LIMIT})`)
    .default(standard)
    .argParser((text) => {
      const limit = Number(text);
      if (Number.isInteger(limit) && limit > 0 && limit <= MAX_LIMIT) return limit;
      throw new InvalidArgumentError(`It must be a whole number from 1 to ${MAX_LIMIT}.`);
    });
}
