import { Option, type Command } from 'commander';
import { printable } from '../../terminal/escape.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { sessionOf } from '../global-options.ts';

const ROLES = { user: 'ROLE_USER', developer: 'ROLE_DEVELOPER', admin: 'ROLE_ADMIN' } as const;

interface Options {
  email?: string;
  displayName?: string;
  role: keyof typeof ROLES;
  json?: true;
}

const HELP = `
A user signs in with an API key: make the first one with \`bytenite key create NAME --user USER\`.

Examples:
  bytenite user create ada --email ada@example.org
  bytenite user create grace --role admin`;

export function addCreate(group: Command): void {
  const command = group
    .command('create')
    .description('make a user, who sees nothing of the others')
    .argument('<name>', 'letters, digits, ".", "_" or "-"')
    .option('--email <address>', 'where to reach the user')
    .option('--display-name <name>', 'the name that people read')
    .addOption(
      new Option('--role <role>', 'what the user may do')
        .choices(Object.keys(ROLES))
        .default('user'),
    )
    .option('--json', 'print the object')
    .addHelpText('after', HELP)
    .action(async (name: string, options: Options) => create(command, name, options));
}

async function create(command: Command, name: string, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const { email, displayName, role } = options;
  const body = {
    userName: name,
    role: ROLES[role],
    ...(email !== undefined && { email }),
    ...(displayName !== undefined && { displayName }),
  };
  const reply = await client.text('Auth_CreateUser', { body });
  if (options.json) {
    printJson(fieldText(reply, 'user'));
    return;
  }
  const shown = printable(name);
  console.log(`Created user ${shown}. Give it a key: bytenite key create NAME --user ${shown}`);
}
