import type { Client } from '@bytenite/client';
import { CliError } from '../errors.ts';

/** The id that a command line names: an id, or `last` for the newest job. */
export async function selectJob(client: Client, idOrLast: string): Promise<string> {
  if (idOrLast !== 'last') return idOrLast;
  const { data } = await client.call('Customer_ListJobs', { query: { limit: 1 } });
  const [newest] = data;
  if (newest !== undefined) return newest.id;
  throw new CliError('there is no last job: there are none yet', {
    fix: ['run one: bytenite job run --template ID'],
  });
}
