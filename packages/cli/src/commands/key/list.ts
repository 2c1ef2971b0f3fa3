import type { ApiKey } from '@bytenite/contract';
import type { Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { formatTime } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';
import { userOption } from './user-option.ts';

interface Options {
  user?: string;
  all?: true;
  json?: true;
}

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list API keys, the newest first')
    .option('--all', 'also those that are revoked or expired')
    .addOption(userOption())
    .option('--json', 'print the objects')
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite key list\n  bytenite key list --user ada --all --json',
    )
    .action(async (options: Options) => list(command, options));
}

async function list(command: Command, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const { apiKeys } =
    options.user === undefined
      ? await client.call('Auth_ListApiKeys')
      : await client.call('Auth_ListUserApiKeys', {
          params: { id: (await findUser(client, options.user)).id },
        });
  const shown = apiKeys.filter((key) => options.all === true || stateOf(key) === 'active');
  if (options.json) {
    printJson(JSON.stringify(shown));
    return;
  }
  printList({
    columns: [
      { title: 'ID' },
      { title: 'NAME', flexible: true },
      { title: 'FINGERPRINT' },
      { title: 'STATE' },
      { title: 'ISSUED' },
      { title: 'EXPIRES' },
      { title: 'LAST USED' },
    ],
    rows: shown.map((key) => [
      key.id,
      key.name,
      key.fingerprint,
      stateOf(key),
      formatTime(key.issuedAt),
      formatTime(key.expiresAt),
      formatTime(key.lastUsedAt),
    ]),
    total: shown.length,
    empty: 'No API keys. Make one: bytenite key create NAME',
  });
}

function stateOf({ revoked, expiresAt }: ApiKey): 'active' | 'revoked' | 'expired' {
  if (revoked) return 'revoked';
  return expiresAt !== null && Date.parse(expiresAt) <= Date.now() ? 'expired' : 'active';
}
