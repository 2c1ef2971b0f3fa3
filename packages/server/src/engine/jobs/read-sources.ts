import type { DataSourceInput } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseDataSource, type StoredDataSource } from '../../domain/data-source.ts';

export interface SourcesInput {
  dataSource?: DataSourceInput | undefined;
  dataDestination?: DataSourceInput | undefined;
}

/** Those that were given. */
export interface Sources {
  dataSource?: StoredDataSource;
  dataDestination?: StoredDataSource;
}

const PURPOSE = 'data source password';

/** Checks the form of what was given, and seals the password in it. */
export async function readSources(
  ctx: Context,
  account: string,
  { dataSource, dataDestination }: SourcesInput,
): Promise<Sources> {
  const sources: Sources = {};
  if (dataSource !== undefined) {
    sources.dataSource = await sealed(ctx, account, parseDataSource(dataSource, 'in'));
  }
  if (dataDestination !== undefined) {
    sources.dataDestination = parseDataSource(dataDestination, 'out');
  }
  return sources;
}

/** The password of a stored source; `""` where it has none. */
export async function openPassword(
  ctx: Context,
  account: string,
  source: StoredDataSource,
): Promise<string> {
  const password = source.params?.password ?? '';
  return password === '' ? '' : ctx.vault.open(account, PURPOSE, password);
}

async function sealed(
  ctx: Context,
  account: string,
  source: StoredDataSource,
): Promise<StoredDataSource> {
  const password = source.params?.password ?? '';
  if (password === '') return source;
  const text = await ctx.vault.seal(account, PURPOSE, password);
  return { ...source, params: { ...source.params, password: text } };
}
