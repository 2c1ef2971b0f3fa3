import { InvalidArgumentError } from 'commander';

/** An amount of ByteChips as people write it. */
export function parseByteChips(text: string): number {
  if (/^[+-]?(?:\d+(?:\.\d{1,8})?|\.\d{1,8})$/.test(text.trim())) return Number(text);
  throw new InvalidArgumentError('It must be a number such as 200 or 0.5, with up to 8 decimals.');
}
