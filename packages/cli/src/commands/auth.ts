import { text } from 'node:stream/consumers';
import { createClient } from '@bytenite/client';
import type { Command } from 'commander';
import { CliError } from '../errors.ts';
import { credentialsFile } from '../platform/credentials.ts';
import { findPlatform } from '../platform/find-platform.ts';
import { signIn } from '../platform/session.ts';
import { printable } from '../terminal/escape.ts';
import { globalOptions } from './global-options.ts';

export function defineAuth(command: Command): void {
  command
    .addHelpText(
      'after',
      `
Stores the platform's address and the key in ${credentialsFile()}, for your eyes only.
A platform that \`bytenite up\` runs on this machine needs no sign-in.

Examples:
  bytenite auth --url https://bytenite.example.org --api-key KEY
  bytenite auth --url https://bytenite.example.org --api-key - < key.txt   # keeps it out of the shell's history`,
    )
    .action(async () => {
      const options = globalOptions(command);
      const given = options.apiKey ?? process.env['BYTENITE_API_KEY'];
      if (!given) throw noBrowser();
      const key = (given === '-' ? await text(process.stdin) : given).trim();
      const { baseUrl } = await findPlatform(options);
      const { accessToken } = await signIn(baseUrl, key);
      const { user } = await createClient({ baseUrl, token: accessToken }).call('Auth_GetUser');
      const name = user.userName || user.email || user.id;
      console.log(`Signed in to ${baseUrl} as ${printable(name)}`);
      console.log(`Stored in ${credentialsFile()}`);
    });
}

function noBrowser(): CliError {
  return new CliError('login in the browser is not available in this version', {
    fix: ['sign in with an API key: bytenite auth --url URL --api-key KEY'],
  });
}
