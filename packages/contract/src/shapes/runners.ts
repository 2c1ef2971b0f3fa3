import { z } from 'zod';
import { SANDBOX_TIERS, TASK_NETWORKS } from '../states.ts';
import { timestamp } from './common.ts';

/** Ready for tasks; taking none and finishing what it has; none left; not heard of for a lease. */
export const RUNNER_STATES = ['READY', 'DRAINING', 'DRAINED', 'LOST'] as const;
export type RunnerState = (typeof RUNNER_STATES)[number];
export const RUNNER_STATE_PREFIX = 'RUNNER_STATE_';

export const RunnerInfo = z
  .object({
    id: z.string().describe("Its name; with a token of its own `<name>@<token's name>`"),
    name: z.string(),
    token: z.string().describe("Name of the runner token; empty for the platform's own"),
    host: z.string(),
    state: z.enum(RUNNER_STATES.map((state) => `${RUNNER_STATE_PREFIX}${state}` as const)),
    reason: z.string().describe('Why it is not ready'),
    tier: z.enum(SANDBOX_TIERS),
    tierReason: z.string(),
    network: z.enum(TASK_NETWORKS).describe('The most that its tasks reach'),
    cpus: z.number(),
    memory: z.number().describe('GiB for tasks'),
    gpus: z.array(z.string()).describe('Models, one for each GPU'),
    labels: z.record(z.string(), z.string()),
    overcommit: z.boolean().describe('Runs what is larger than itself, alone'),
    version: z.string(),
    runningTasks: z.int().describe('Tasks that it holds'),
    registeredAt: timestamp,
    lastSeenAt: timestamp,
  })
  .meta({ id: 'Runner' });
export type RunnerInfo = z.output<typeof RunnerInfo>;

export const RunnersQuery = z.object({
  name: z.string().optional().describe('Only those of this name or id'),
});
export type RunnersQuery = z.output<typeof RunnersQuery>;

export const RunnersReply = z.object({ runners: z.array(RunnerInfo) });
export const RunnerReply = z.object({ runner: RunnerInfo });

export const DrainRunnerInput = z.object({
  reason: z.string().max(1024).optional().describe('Why, for whoever looks at the list'),
});
export type DrainRunnerInput = z.output<typeof DrainRunnerInput>;

export const RunnerToken = z
  .object({
    id: z.string(),
    name: z.string(),
    fingerprint: z.string(),
    createdAt: timestamp,
    revoked: z.boolean(),
    revokedAt: timestamp,
    runners: z.int().describe('Runners that came with it'),
  })
  .meta({ id: 'RunnerToken' });
export type RunnerToken = z.output<typeof RunnerToken>;

export const CreateRunnerTokenInput = z.object({
  name: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'must be up to 64 letters, digits, ".", "_" or "-", the first a letter or digit',
    ),
});
export type CreateRunnerTokenInput = z.output<typeof CreateRunnerTokenInput>;

export const CreateRunnerTokenReply = z.object({
  token: z.string().describe('The token itself, shown this once'),
  runnerToken: RunnerToken,
});

export const RunnerTokensReply = z.object({ runnerTokens: z.array(RunnerToken) });
