import type { Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { formatByteChips } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';
import { userOption } from '../key/user-option.ts';

interface Options {
  user?: string;
  json?: true;
}

export function addBalance(group: Command): void {
  const command = group
    .command('balance')
    .description('show what the account has, in ByteChips')
    .addOption(userOption())
    .option('--json', 'print the object')
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite wallet balance\n  bytenite wallet balance --user ada',
    )
    .action(async (options: Options) => show(command, options));
}

async function show(command: Command, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const balance =
    options.user === undefined
      ? await client.call('Wallet_GetBalance')
      : await client.call('Wallet_GetAccountBalance', {
          params: { id: (await findUser(client, options.user)).id },
        });
  if (options.json) {
    printJson(JSON.stringify(balance));
    return;
  }
  console.log(`Total      ${formatByteChips(balance.totalBalance)}`);
  console.log(`Available  ${formatByteChips(balance.availableBalance)}`);
  if (balance.amountDue > 0) console.log(`Due        ${balance.amountDue.toFixed(2)} USD`);
}
