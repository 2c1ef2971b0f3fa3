import { InvalidArgumentError, type Command } from 'commander';
import { parseByteChips } from '../../account/byte-chips.ts';
import { parseLifetime } from '../../account/lifetime.ts';
import { formatTime } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

interface Options {
  code?: string;
  uses?: number;
  expires?: string;
  notes?: string;
  json?: true;
}

const HELP = `
The code goes to stdout, alone. Whoever has it can redeem it, each account once: a code that you choose can
be guessed, one that is made for you cannot.

Examples:
  bytenite coupon create 200
  bytenite coupon create 10 --code WELCOME-2026 --uses 100 --expires 90d`;

export function addCreate(group: Command): void {
  const command = group
    .command('create')
    .description('make a coupon')
    .argument('<amount>', 'what it is worth, in ByteChips', parseByteChips)
    .option('--code <code>', 'the code, in any case (else a random one)')
    .option('--uses <n>', 'how many accounts can redeem it (else one)', wholeNumber)
    .option('--expires <time>', 'how long it can be redeemed, like 12h, 90d or 1y', parseLifetime)
    .option('--notes <text>', 'what it is for; only administrators see it')
    .option('--json', 'print the object')
    .addHelpText('after', HELP)
    .action(async (amount: number, options: Options) => create(command, amount, options));
}

async function create(command: Command, amount: number, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const { code, uses, expires, notes } = options;
  const body = {
    amount,
    ...(code !== undefined && { code }),
    ...(uses !== undefined && { maxUses: uses }),
    ...(expires !== undefined && { expiresAt: timeAfter(expires) }),
    ...(notes !== undefined && { notes }),
  };
  const { coupon } = await client.call('Wallet_CreateCoupon', { body });
  if (options.json) {
    printJson(JSON.stringify(coupon));
    return;
  }
  console.log(coupon.code);
  const until = coupon.expiresAt === null ? '' : `, until ${formatTime(coupon.expiresAt)}`;
  process.stderr.write(
    `Coupon of ${coupon.amount} ByteChips for ${coupon.maxUses} account(s)${until}. ` +
      `Revoke it with: bytenite coupon revoke ${coupon.id}\n`,
  );
}

function timeAfter(lifetime: string): string {
  return new Date(Date.now() + Number(lifetime.replace('s', '')) * 1000).toISOString();
}

function wholeNumber(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InvalidArgumentError('It must be a whole number from 1.');
}
