import type { Command } from 'commander';
import { sessionOf } from '../global-options.ts';

const HELP = `
Secrets and running jobs notice nothing; a copy of the old key opens nothing in the database any more. Where
BYTENITE_MASTER_KEY gives the platform its key, it is rotated there.

Example:
  bytenite secret rotate-key`;

export function addRotateKey(group: Command): void {
  const command = group
    .command('rotate-key')
    .description("encrypt all accounts' secrets with a new master key (administrators)")
    .addHelpText('after', HELP)
    .action(async () => {
      const client = await sessionOf(command);
      await client.call('Auth_RotateMasterKey');
      console.log('The secrets are encrypted with a new master key');
    });
}
