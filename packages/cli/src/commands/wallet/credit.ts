import type { Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { parseByteChips } from '../../account/byte-chips.ts';
import { printable } from '../../terminal/escape.ts';
import { formatByteChips } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

const HELP = `
Below zero takes credit back; write -- before it, so that it is not read as an option.

Examples:
  bytenite wallet credit ada 200 --notes "for the course"
  bytenite wallet credit ada -- -50`;

export function addCredit(group: Command): void {
  const command = group
    .command('credit')
    .description('give a user ByteChips (administrators)')
    .argument('<user>')
    .argument('<amount>', 'ByteChips, to 8 decimals', parseByteChips)
    .option('--notes <text>', 'what it is for; the user sees it')
    .option('--json', 'print the transaction')
    .addHelpText('after', HELP)
    .action(async (name: string, amount: number, options: { notes?: string; json?: true }) => {
      const client = await sessionOf(command);
      const { id, userName } = await findUser(client, name);
      const body = { amount, ...(options.notes !== undefined && { notes: options.notes }) };
      const { transaction } = await client.call('Wallet_CreditAccount', { params: { id }, body });
      if (options.json) {
        printJson(JSON.stringify(transaction));
        return;
      }
      const balance = formatByteChips(transaction.balance);
      console.log(
        `Credited ${printable(userName)} with ${formatByteChips(amount)} ByteChips; the balance is ${balance}`,
      );
    });
}
