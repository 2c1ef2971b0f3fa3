import type { Client } from '@bytenite/client';
import { RawJson, SECRET_TYPES, type CreateSecretInput, type SecretType } from '@bytenite/contract';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { CliError, UsageError } from '../../errors.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';
import { readSecretKey } from './read-secret-key.ts';

interface Options {
  type: SecretType;
  accessKey?: string;
  secretKeyFile?: string;
  name?: string;
  expires?: string;
  param: Record<string, string>;
  replace?: true;
}

const EXAMPLES = `
The secret key is asked for, or read from --secret-key-file: on the command line others could see it.
Components that name the secret in "platform_config": {"secrets": ["media_store"]} get it in the variables
media_store_ACCESS_KEY and media_store_SECRET_KEY.

Examples:
  bytenite secret create media_store --type aws --access-key AKIAEXAMPLE
  bytenite secret create model_hub --type other --secret-key-file - < token.txt
  bytenite secret create media_store --type aws --access-key AKIAOTHER --replace`;

export function addCreate(group: Command): void {
  const command = group
    .command('create')
    .description('store credentials, encrypted, for components and data sources')
    .argument('<id>', 'letters, digits, ".", "_" and "-"')
    .addOption(
      new Option('--type <type>', 'what it opens')
        .choices(Object.keys(SECRET_TYPES))
        .makeOptionMandatory(),
    )
    .option('--access-key <key>', 'the public half; only a secret of type other can do without')
    .option('--secret-key-file <file>', 'file with the secret key; - is stdin (else it is asked)')
    .option('--name <name>', 'a name for people')
    .option('--expires <time>', 'when it ends, like 2027-01-31 or 2027-01-31T12:00:00Z', parseTime)
    .option('--param <key=value>', 'more that belongs to it (repeatable)', addParam, {})
    .option('--replace', 'replace the secret of this id')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: Options) => {
      const { type, accessKey } = options;
      if (accessKey === undefined && type !== 'other') {
        throw new UsageError(`a secret of type ${type} needs an --access-key`);
      }
      const client = await sessionOf(command);
      if (!options.replace) await requireNew(client, id);
      const secretKey = await readSecretKey(options.secretKeyFile);
      await client.call('Auth_CreateSecret', {
        body: { secret: toSecret(id, options), secretKey },
      });
      console.log(`Stored secret ${printable(id)}`);
    });
}

async function requireNew(client: Client, id: string): Promise<void> {
  const { secrets } = await client.call('Auth_ListSecrets');
  if (!secrets.some((secret) => secret.id === id)) return;
  throw new CliError(`there is a secret ${id} already`, {
    fix: ['replace it, also for components that use it: --replace', 'or choose another id'],
  });
}

function toSecret(id: string, options: Options): CreateSecretInput['secret'] {
  const { type, accessKey, name, expires, param } = options;
  return {
    id,
    secretType: type,
    ...(accessKey !== undefined && { accessKey }),
    ...(name !== undefined && { name }),
    ...(expires !== undefined && { expiresAt: expires }),
    ...(Object.keys(param).length > 0 && { params: new RawJson(JSON.stringify(param)) }),
  };
}

function parseTime(text: string): string {
  const time = new Date(text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(time.getTime())) {
    throw new InvalidArgumentError('It must be a time like 2027-01-31 or 2027-01-31T12:00:00Z.');
  }
  return time.toISOString();
}

function addParam(text: string, params: Record<string, string>): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) {
    throw new InvalidArgumentError('It must be key=value.');
  }
  return { ...params, [key]: value };
}
