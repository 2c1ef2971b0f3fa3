import { DATA_SOURCES, precondition, type TestDataSourceInput } from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { parseDataSource, type StoredDataSource } from '../../domain/data-source.ts';
import { openHttpSource } from '../../transfer/http-source.ts';
import { SourceError } from '../../transfer/source-error.ts';

export interface FoundFile {
  name: string;
  path: string;
  /** Null where the other side does not say. */
  size: number | null;
  properties: Record<string, string>;
}

/** Looks at a source without a job; null where there is nothing to look at before a job runs. */
export async function testDataSource(
  ctx: Context,
  { dataSource: input }: TestDataSourceInput,
  signal: AbortSignal,
): Promise<FoundFile | null> {
  // A temporary bucket is a destination only; looking at it is harmless.
  const isBucket = DATA_SOURCES.bucket.spellings.some(
    (name) => name === input.dataSourceDescriptor,
  );
  const source = parseDataSource(input, isBucket ? 'out' : 'in');
  if (source.descriptor !== 'url') return null;
  try {
    return await lookAt(ctx, source, signal);
  } catch (error) {
    throw error instanceof SourceError ? precondition(error.message) : error;
  }
}

async function lookAt(
  ctx: Context,
  { params }: StoredDataSource,
  signal: AbortSignal,
): Promise<FoundFile> {
  const url = params?.url ?? '';
  // A GET that is broken off: many servers refuse HEAD, or answer it with other headers.
  const source = await openHttpSource(
    {
      url,
      name: params?.name ?? '',
      username: params?.username ?? '',
      password: params?.password ?? '',
    },
    ctx.guard,
    { signal, maxBytes: ctx.config.limits.sourceBytes },
  );
  source.cancel();
  const { name, size, properties } = source;
  return { name, path: new URL(url).pathname, size, properties };
}
