import type { Client } from '@bytenite/client';
import { CliError } from '../../errors.ts';

/** The id of a runner that is named by it, or by a name that no other has. */
export async function findRunner(client: Client, name: string): Promise<string> {
  const { runners } = await client.call('Auth_ListRunners', { query: { name } });
  if (runners.some(({ id }) => id === name)) return name;
  const [first, ...others] = runners;
  if (first === undefined) {
    throw new CliError(`there is no runner ${JSON.stringify(name)}`, {
      fix: ['see which there are: bytenite runner list'],
    });
  }
  if (others.length === 0) return first.id;
  throw new CliError(`${others.length + 1} runners are named ${JSON.stringify(name)}`, {
    fix: [`say which: ${[first, ...others].map(({ id }) => id).join(', ')}`],
  });
}
