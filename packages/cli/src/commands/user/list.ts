import type { Command } from 'commander';
import { formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';
import { limitOption } from '../limit-option.ts';

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list users, the newest first')
    .addOption(limitOption(100))
    .option('--json', 'print the objects')
    .addHelpText('after', '\nExample:\n  bytenite user list')
    .action(async (options: { limit: number; json?: true }) => {
      const client = await sessionOf(command);
      const query = { limit: options.limit };
      if (options.json) {
        printJson(fieldText(await client.text('Auth_ListUsers', { query }), 'users'));
        return;
      }
      const { users, pagination } = await client.call('Auth_ListUsers', { query });
      printList({
        columns: [
          { title: 'NAME', flexible: true },
          { title: 'ROLE' },
          { title: 'STATE' },
          { title: 'E-MAIL', flexible: true },
          { title: 'CREATED' },
          { title: 'LAST LOGIN' },
          { title: 'ID' },
        ],
        rows: users.map((user) => [
          user.userName,
          user.role.replace('ROLE_', '').toLowerCase(),
          user.disabled ? 'disabled' : 'enabled',
          user.email,
          formatTime(user.createdAt),
          formatTime(user.lastLogin),
          user.id,
        ]),
        total: pagination.total,
        empty: 'No users.',
      });
    });
}
