import type { Client } from '@bytenite/client';
import type { User } from '@bytenite/contract';
import { CliError } from '../errors.ts';

/** The user of a name, for administrators. */
export async function findUser(client: Client, name: string): Promise<User> {
  const { users } = await client.call('Auth_ListUsers', { query: { userName: name } });
  const [user] = users;
  if (user !== undefined) return user;
  throw new CliError(`there is no user ${JSON.stringify(name)}`, {
    fix: ['see who there is: bytenite user list', `or make it: bytenite user create ${name}`],
  });
}
