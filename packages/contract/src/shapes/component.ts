import { z } from 'zod';
import { ENGINE_TYPES, PRIORITIES, PRIORITY_PREFIX } from '../states.ts';
import { Empty, PageQuery, Pagination, prefixedEnum, timestamp } from './common.ts';
import { DataSource, DataSourceInput } from './data-source.ts';
import { JobConfig, JobConfigInput, ParamsInput } from './job.ts';
import { userJson, userObject } from './common.ts';

export const PlatformConfig = z
  .object({
    container: z.string(),
    privateImage: z.boolean(),
    username: z.string(),
    token: z.string(),
    secrets: z.array(z.string()),
    registrySecret: z.string(),
    network: z.enum(['default', 'none']),
    preload: z.array(z.string()),
    readOnlyInput: z.boolean(),
  })
  .meta({ id: 'PlatformConfig' });
export type PlatformConfig = z.output<typeof PlatformConfig>;

export const DeviceRequirements = z
  .object({ minCpu: z.number(), minMemory: z.number(), gpu: z.array(z.string()) })
  .meta({ id: 'DeviceRequirements' });
export type DeviceRequirements = z.output<typeof DeviceRequirements>;

const component = {
  id: z.string(),
  name: z.string(),
  version: z.string(),
  owner: z.string(),
  userName: z.string(),
  status: z.enum(['active', 'inactive']),
  hash: z.string(),
  platform: z.string(),
  platformConfig: PlatformConfig,
  deviceRequirements: DeviceRequirements,
  entrypoint: z.string(),
  description: z.string(),
  link: z.string(),
  isPublic: z.boolean(),
  createdAt: timestamp,
  updatedAt: timestamp,
};

export const App = z.object({ ...component, revision: z.string() }).meta({ id: 'App' });
export type App = z.output<typeof App>;

export const Engine = z
  .object({ ...component, type: z.enum(ENGINE_TYPES), revision: z.int(), deletedAt: timestamp })
  .meta({ id: 'Engine' });
export type Engine = z.output<typeof Engine>;

export const EngineMessage = z
  .object({
    engineId: z.string(),
    engineTag: z.string(),
    engineData: z.string(),
    engineLink: z.string(),
    engineStatus: z.string(),
  })
  .meta({ id: 'EngineMessage' });
export type EngineMessage = z.output<typeof EngineMessage>;

export const ComponentsQuery = z.object({ ...PageQuery.shape, isPublic: z.boolean().optional() });
export const EnginesQuery = z.object({
  ...ComponentsQuery.shape,
  type: z.enum(ENGINE_TYPES).optional(),
});

export const AppList = z.object({ apps: z.array(App), pagination: Pagination });
export const EngineList = z.object({ engines: z.array(Engine), pagination: Pagination });

export const PushAppInput = z.object({ data: z.string() });
export const PushEngineInput = z.object({
  engineData: z.string().optional(),
  data: z.string().optional(),
});

/** Whose public object is meant, by id or user name, where several accounts share one of that name. */
export const ImportInput = z.object({ owner: z.string().optional() });

/** Template ids: letters, digits, `. _ + -`. */
export const TemplateId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/, 'must be letters, digits, ".", "_", "+" or "-"');

export const TemplateInput = z
  .object({
    id: TemplateId,
    description: z.string().optional(),
    app: z.string().min(1),
    partitioner: z.string().optional(),
    assembler: z.string().optional(),
    dataSource: DataSourceInput.optional(),
    dataDestination: DataSourceInput.optional(),
    params: ParamsInput.optional(),
    config: JobConfigInput.optional(),
    priority: prefixedEnum(PRIORITIES, PRIORITY_PREFIX).optional(),
  })
  .meta({ id: 'TemplateInput' });
export type TemplateInput = z.output<typeof TemplateInput>;

export const Template = z
  .object({
    id: z.string(),
    createdAt: timestamp,
    updatedAt: timestamp,
    isPublic: z.boolean(),
    owner: z.string(),
    userName: z.string(),
    description: z.string(),
    app: z.string(),
    partitioner: z.string(),
    assembler: z.string(),
    dataSource: DataSource.nullable(),
    dataDestination: DataSource.nullable(),
    params: z.object({ partitioner: userObject(), app: userObject(), assembler: userObject() }),
    config: JobConfig,
    priority: z.string().describe('Of jobs that ask for none (extension)'),
  })
  .meta({ id: 'Template' });
export type Template = z.output<typeof Template>;

export const UsableTemplateList = z.object({ pagination: Pagination, data: z.array(Template) });

export const PresetsReply = z.object({ presets: z.array(Empty) });

export const SchemaReply = z.object({
  id: z.string(),
  name: z.string(),
  version: z.string(),
  schema: userJson().nullable(),
});
export type SchemaReply = z.output<typeof SchemaReply>;

export const TemplateList = z.object({ templates: z.array(Template), pagination: Pagination });
