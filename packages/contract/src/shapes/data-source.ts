import { z } from 'zod';
import { stringInt } from './common.ts';

export const ANY_PREFIX = 'type.googleapis.com/';
export const DATA_SOURCE_PREFIX = `${ANY_PREFIX}bytenite.data_source.`;

/** Descriptors by the name that is emitted, with the spellings accepted. */
export const DATA_SOURCES = {
  url: { spellings: ['url'], message: 'HttpDataSource', roles: ['in'] },
  file: { spellings: ['file', 'local'], message: 'LocalFileDataSource', roles: ['in'] },
  aws: { spellings: ['aws', 's3'], message: 'S3DataSource', roles: ['in', 'out'] },
  gcp: { spellings: ['gcp'], message: 'S3DataSource', roles: ['in', 'out'] },
  storj: { spellings: ['storj'], message: 'S3DataSource', roles: ['in', 'out'] },
  bucket: { spellings: ['bucket'], message: null, roles: ['out'] },
  bypass: { spellings: ['bypass'], message: null, roles: ['in', 'out'] },
} as const satisfies Record<
  string,
  { spellings: readonly string[]; message: string | null; roles: readonly ('in' | 'out')[] }
>;
export type DataSourceName = keyof typeof DATA_SOURCES;

/** Every field that any data source message has; which count depends on the descriptor. */
export const DataSourceParams = z.object({
  '@type': z.string().optional(),
  url: z.string().optional(),
  name: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  bucketName: z.string().optional(),
  cloudRegion: z.string().optional(),
  secretId: z.string().optional(),
  endpoint: z.string().optional(),
  accessKey: z.string().optional(),
  secretKey: z.string().optional(),
  tempUrl: z.string().optional(),
});
export type DataSourceParams = z.output<typeof DataSourceParams>;

export const DataSourceInput = z
  .object({ dataSourceDescriptor: z.string(), params: DataSourceParams.optional() })
  .meta({ id: 'DataSourceInput' });
export type DataSourceInput = z.output<typeof DataSourceInput>;

export const TestDataSourceInput = z.object({
  dataSource: DataSourceInput,
  listFiles: z.boolean().optional(),
});
export type TestDataSourceInput = z.output<typeof TestDataSourceInput>;

export const DataSource = z
  .object({
    dataSourceDescriptor: z.string(),
    params: z.record(z.string(), z.string()).nullable(),
  })
  .meta({ id: 'DataSource' });
export type DataSource = z.output<typeof DataSource>;

/** One level of files, with its folders. */
export interface Directory {
  name: string;
  path: string;
  directories: Directory[];
  files: { id: string; name: string; path: string; size: string }[];
}

// Written out: what declarations are made of does not know a type within itself.
export const Directory: z.ZodType<Directory> = z
  .object({
    name: z.string(),
    path: z.string(),
    get directories() {
      return z.array(Directory);
    },
    files: z.array(
      z.object({ id: z.string(), name: z.string(), path: z.string(), size: stringInt }),
    ),
  })
  .meta({ id: 'Directory' });
export const DataSourceInfo = z
  .object({
    filename: z.string(),
    path: z.string(),
    size: stringInt,
    properties: z.record(z.string(), z.string()),
    tempUrl: z.string(),
    files: Directory.nullable(),
  })
  .meta({ id: 'DataSourceInfo' });
export type DataSourceInfo = z.output<typeof DataSourceInfo>;
