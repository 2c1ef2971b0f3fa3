import type { Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';
import { userOption } from './user-option.ts';

export function addRevoke(group: Command): void {
  const command = group
    .command('revoke')
    .description('end API keys at once, with all tokens that came from them')
    .argument('<id...>', 'ids, as `key list` shows them')
    .addOption(userOption())
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite key revoke 0197ce1a-5d8e-7c41-9f0e-2a6b8c1d3e5f' +
        '\n  bytenite key revoke 0197ce1a-5d8e-7c41-9f0e-2a6b8c1d3e5f --user ada',
    )
    .action(async (ids: string[], options: { user?: string }) => {
      const client = await sessionOf(command);
      const user = options.user === undefined ? undefined : await findUser(client, options.user);
      for (const id of ids) {
        if (user === undefined) await client.call('Auth_RevokeApiKey', { params: { id } });
        else {
          const params = { id: user.id, keyId: id };
          await client.call('Auth_RevokeUserApiKey', { params });
        }
        console.log(`Revoked API key ${printable(id)}`);
      }
    });
}
