import type { Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { parseLifetime } from '../../account/lifetime.ts';
import { printable } from '../../terminal/escape.ts';
import { formatTime } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';
import { userOption } from './user-option.ts';

interface Options {
  expires?: string;
  user?: string;
  json?: true;
}

const HELP = `
The key goes to stdout, alone, and is shown this once: the platform keeps only its hash.

Examples:
  bytenite key create ci > ci.key
  bytenite key create laptop --expires 90d
  bytenite key create first --user ada | ssh ada@host 'bytenite auth --url URL --api-key -'`;

export function addCreate(group: Command): void {
  const command = group
    .command('create')
    .description('make an API key')
    .argument('<name>', 'what it is for')
    .option(
      '--expires <time>',
      'how long it lives, like 12h, 90d or 1y (else a year)',
      parseLifetime,
    )
    .addOption(userOption())
    .option('--json', 'print the key and what is known of it')
    .addHelpText('after', HELP)
    .action(async (name: string, options: Options) => create(command, name, options));
}

async function create(command: Command, name: string, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const body = { name, ...(options.expires !== undefined && { duration: options.expires }) };
  const user = options.user === undefined ? undefined : await findUser(client, options.user);
  const { token, apiKey } =
    user === undefined
      ? await client.call('Auth_CreateApiKey', { body })
      : await client.call('Auth_CreateUserApiKey', { params: { id: user.id }, body });
  if (options.json) {
    printJson(JSON.stringify({ token, apiKey }));
    return;
  }
  console.log(token);
  const whose = user === undefined ? '' : ` for ${printable(user.userName)}`;
  process.stderr.write(
    `API key ${printable(apiKey.name)}${whose}, until ${formatTime(apiKey.expiresAt)}. ` +
      `It is shown this once; revoke it with: bytenite key revoke ${apiKey.id}` +
      `${user === undefined ? '' : ` --user ${printable(user.userName)}`}\n`,
  );
}
