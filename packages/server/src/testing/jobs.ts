/** Components and jobs for tests of the engine, made by the use cases that the API calls. */
import { createHash } from 'node:crypto';
import type { ComponentType, CreateJobInput, JobConfigInput } from '@bytenite/contract';
import { createJob } from '../engine/jobs/create-job.ts';
import { runJob } from '../engine/jobs/run-job.ts';
import { runNextStep } from '../engine/steps/run-step.ts';
import { familyOf, insertComponent, insertRevision } from '../store/components.ts';
import { findJobByNo } from '../store/jobs.ts';
import type { JobRow } from '../store/tables.ts';
import type { TestContext } from './context.ts';
import { unique } from './rows.ts';

export interface ComponentOptions {
  minCpu?: number;
  minMemory?: number;
  gpu?: string[];
  secrets?: string[];
  network?: 'default' | 'none';
}

/** A component with one active revision; returns its tag. */
export async function addComponent(
  ctx: TestContext,
  type: ComponentType,
  { minCpu = 1, minMemory = 1, gpu = [], secrets = [], network = 'default' }: ComponentOptions = {},
): Promise<string> {
  const name = unique(type);
  const platformConfig = {
    container: 'python:3.12-slim',
    privateImage: false,
    username: '',
    token: '',
    secrets,
    registrySecret: '',
    network,
    preload: [],
    readOnlyInput: false,
  };
  const manifest = {
    name,
    version: '1.0',
    type,
    platform: 'docker',
    entrypoint: 'main.py',
    description: '',
    platformConfig,
    deviceRequirements: { minCpu, minMemory, gpu },
  };
  await ctx.store.transact(async (tx) => {
    await insertComponent(tx, {
      id: name,
      account: ctx.account.id,
      family: familyOf(type),
      type,
      name,
      major: 1,
      minor: 0,
      is_public: 0,
      created_at: ctx.now(),
      deleted_at: null,
    });
    await insertRevision(tx, {
      component: name,
      revision: 1,
      status: 'active',
      hash: createHash('sha256').update(name).digest('base64'),
      blob_key: `packages/${name}`,
      size_bytes: 1,
      manifest: JSON.stringify(manifest),
      schema: null,
      created_at: ctx.now(),
      token: null,
      origin: null,
    });
  });
  return `${name}@1.0`;
}

export interface JobOptions {
  /** Tags; without one the app is made, and engines are passthrough. */
  app?: string;
  partitioner?: string;
  assembler?: string;
  config?: JobConfigInput;
  destination?: 'bucket' | 'bypass';
  /** Params of a source `url`. */
  source?: { url: string; username?: string; password?: string };
  params?: CreateJobInput['params'];
}

export async function draftJob(ctx: TestContext, options: JobOptions = {}): Promise<JobRow> {
  const { destination, config, params, source } = options;
  const { job } = await createJob(ctx, ctx.account, {
    app: options.app ?? (await addComponent(ctx, 'app')),
    ...(options.partitioner !== undefined && { partitioner: options.partitioner }),
    ...(options.assembler !== undefined && { assembler: options.assembler }),
    ...(config && { config }),
    ...(params && { params }),
    ...(source && { dataSource: { dataSourceDescriptor: 'url', params: source } }),
    ...(destination && { dataDestination: { dataSourceDescriptor: destination } }),
  });
  return job;
}

export async function startJob(ctx: TestContext, options: JobOptions = {}): Promise<JobRow> {
  const draft = await draftJob(ctx, options);
  await runJob(ctx, ctx.account, draft.id, {});
  return jobNow(ctx, draft);
}

export async function jobNow(ctx: TestContext, job: Pick<JobRow, 'no'>): Promise<JobRow> {
  const row = await findJobByNo(ctx.store.db, job.no);
  if (row === undefined) throw new Error(`job ${job.no} is gone`);
  return row;
}

/** Runs the steps that are due, one after the other, until none is. */
export async function runSteps(ctx: TestContext): Promise<void> {
  const stop = new AbortController().signal;
  while (await runNextStep(ctx, 'test', stop));
}
