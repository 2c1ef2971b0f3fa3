import type { Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addDisable(group: Command): void {
  const command = group
    .command('disable')
    .description('refuse all keys and tokens of a user at once; its running jobs go on')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  bytenite user disable ada')
    .action(async (name: string) => change(command, name, true));
}

export function addEnable(group: Command): void {
  const command = group
    .command('enable')
    .description('let a disabled user back in, with the same keys')
    .argument('<name>')
    .addHelpText('after', '\nExample:\n  bytenite user enable ada')
    .action(async (name: string) => change(command, name, false));
}

async function change(command: Command, name: string, disabled: boolean): Promise<void> {
  const client = await sessionOf(command);
  const { id, userName } = await findUser(client, name);
  await client.call('Auth_ChangeUser', { params: { id }, body: { disabled } });
  console.log(`${disabled ? 'Disabled' : 'Enabled'} user ${printable(userName)}`);
}
