import type { Client } from '@bytenite/client';
import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import { printable } from '../../terminal/escape.ts';
import { formatTime } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';

export function addToken(group: Command): void {
  const token = group
    .command('token')
    .description('make, list and revoke what runners join with (administrators)');
  for (const add of [addCreate, addTokenList, addRevoke]) add(token);
}

const CREATE_HELP = `
The token goes to stdout, alone, and is shown this once: the platform keeps only its hash. Any number of
machines may join with one; a token for each lets each be shut out by itself.

Examples:
  bytenite runner token create farm > farm.token
  bytenite runner token create big-one | ssh big-one 'cat > token'`;

function addCreate(group: Command): void {
  const command = group
    .command('create')
    .description('make a token')
    .argument('<name>', 'becomes part of the ids of its runners')
    .option('--json', 'print the token and what is known of it')
    .addHelpText('after', CREATE_HELP)
    .action(async (name: string, options: { json?: true }) => {
      const client = await sessionOf(command);
      const reply = await client.call('Auth_CreateRunnerToken', { body: { name } });
      if (options.json) {
        printJson(JSON.stringify(reply));
        return;
      }
      console.log(reply.token);
      process.stderr.write(
        `Runner token ${printable(name)}. It is shown this once; ` +
          `end it with: bytenite runner token revoke ${printable(name)}\n`,
      );
    });
}

function addTokenList(group: Command): void {
  const command = group
    .command('list')
    .description('list tokens, the newest first')
    .option('--all', 'also those that are revoked')
    .option('--json', 'print the objects')
    .addHelpText('after', '\nExample:\n  bytenite runner token list --all')
    .action(async (options: { all?: true; json?: true }) => {
      const client = await sessionOf(command);
      const { runnerTokens } = await client.call('Auth_ListRunnerTokens');
      const shown = runnerTokens.filter(({ revoked }) => options.all === true || !revoked);
      if (options.json) {
        printJson(JSON.stringify(shown));
        return;
      }
      printList({
        columns: [
          { title: 'NAME' },
          { title: 'STATE' },
          { title: 'RUNNERS', align: 'right' },
          { title: 'FINGERPRINT' },
          { title: 'CREATED' },
          { title: 'ID' },
        ],
        rows: shown.map((token) => [
          token.name,
          token.revoked ? 'revoked' : 'active',
          String(token.runners),
          token.fingerprint,
          formatTime(token.createdAt),
          token.id,
        ]),
        total: shown.length,
        empty: 'No runner tokens. Make one: bytenite runner token create NAME',
      });
    });
}

function addRevoke(group: Command): void {
  const command = group
    .command('revoke')
    .description('end a token: its runners are refused, their tasks run elsewhere')
    .argument('<name>', 'its name or its id')
    .addHelpText('after', '\nExample:\n  bytenite runner token revoke farm')
    .action(async (name: string) => {
      const client = await sessionOf(command);
      await client.call('Auth_RevokeRunnerToken', {
        params: { id: await findToken(client, name) },
      });
      console.log(`Revoked runner token ${printable(name)}`);
    });
}

/** Of one name there is at most one that is not revoked. */
async function findToken(client: Client, name: string): Promise<string> {
  const { runnerTokens } = await client.call('Auth_ListRunnerTokens');
  const found = runnerTokens.find(
    (token) => token.id === name || (token.name === name && !token.revoked),
  );
  if (found !== undefined) return found.id;
  throw new CliError(`there is no runner token ${JSON.stringify(name)} to revoke`, {
    fix: ['see which there are: bytenite runner token list'],
  });
}
