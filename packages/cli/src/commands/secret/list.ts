import { SECRET_TYPES, type Secret, type SecretType } from '@bytenite/contract';
import { Option, type Command } from 'commander';
import { formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list your secrets, without their secret keys')
    .addOption(
      new Option('--type <type>', 'only those of a type').choices(Object.keys(SECRET_TYPES)),
    )
    .option('--json', 'print the objects')
    .addHelpText('after', '\nExamples:\n  bytenite secret list\n  bytenite secret list --type aws')
    .action(async ({ type, json }: { type?: SecretType; json?: true }) => {
      const client = await sessionOf(command);
      const query = type === undefined ? {} : { secretType: type };
      if (json) {
        printJson(fieldText(await client.text('Auth_ListSecrets', { query }), 'secrets'));
        return;
      }
      const { secrets } = await client.call('Auth_ListSecrets', { query });
      printList({
        columns: [
          { title: 'ID' },
          { title: 'TYPE' },
          { title: 'ACCESS KEY', flexible: true },
          { title: 'NAME', flexible: true },
          { title: 'EXPIRES' },
        ],
        rows: secrets.map(toRow),
        total: secrets.length,
        empty: 'No secrets yet. Store one: bytenite secret create ID --type other',
      });
    });
}

function toRow({ id, secretType, accessKey, name, expiresAt }: Secret): string[] {
  return [id, secretType, accessKey, name, expiresAt === null ? 'never' : formatTime(expiresAt)];
}
