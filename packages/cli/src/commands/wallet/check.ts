import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import { printable } from '../../terminal/escape.ts';
import { plural } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { patientFetch } from '../../platform/patient-fetch.ts';
import { openSession } from '../../platform/session.ts';
import { globalOptions } from '../global-options.ts';

const CHECK_MS = 600_000;

export function addCheck(group: Command): void {
  const command = group
    .command('check')
    .description('check that nobody changed the book of all transactions (administrators)')
    .option('--json', 'print the object')
    .addHelpText('after', '\nExample:\n  bytenite wallet check')
    .action(async (options: { json?: true }) => {
      const client = await openSession(globalOptions(command), { fetch: patientFetch });
      const check = await client.call('Wallet_CheckLedger', {}, { timeoutMs: CHECK_MS });
      if (options.json) printJson(JSON.stringify(check));
      else if (check.ok) {
        console.log(`${plural(check.transactions, 'transaction')}, all as they were booked`);
        if (check.head !== '') console.log(`The last one's hash is ${check.head}`);
      }
      if (!check.ok) {
        throw new CliError('the book is not as it was written', {
          why: check.problems.map(printable),
          fix: ['compare with a backup from before the change'],
        });
      }
    });
}
