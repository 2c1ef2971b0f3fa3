import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import { confirm } from '../../terminal/confirm.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addDelete(group: Command): void {
  const command = group
    .command('delete')
    .description('delete a secret; jobs that need it cannot be run from then on')
    .argument('<id>', 'id of the secret')
    .option('--yes', 'do not ask')
    .addHelpText('after', '\nExample:\n  bytenite secret delete media_store')
    .action(async (id: string, { yes }: { yes?: true }) => {
      const client = await sessionOf(command);
      const { secrets } = await client.call('Auth_ListSecrets');
      const secret = secrets.find((known) => known.id === id);
      if (secret === undefined) {
        throw new CliError(`there is no secret ${id}`, {
          fix: ['see what there is: bytenite secret list'],
        });
      }
      await confirm(`Delete secret ${printable(id)}?`, yes);
      await client.call('Auth_DeleteSecret', { params: { secretType: secret.secretType, id } });
      console.log(`Deleted secret ${printable(id)}`);
    });
}
