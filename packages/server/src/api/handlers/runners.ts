import {
  createRunnerToken,
  revokeRunnerToken,
  viewRunnerTokens,
} from '../../engine/runners/manage-runner-tokens.ts';
import {
  drainRunner,
  removeRunner,
  resumeRunner,
  viewRunners,
} from '../../engine/runners/manage-runners.ts';
import { genericResponse, type Handlers } from '../handler.ts';
import { presentRunner, presentRunnerToken } from '../present-runner.ts';

type RunnerCalls = Pick<
  Handlers<'auth'>,
  | 'Auth_ListRunners'
  | 'Auth_DrainRunner'
  | 'Auth_ResumeRunner'
  | 'Auth_RemoveRunner'
  | 'Auth_ListRunnerTokens'
  | 'Auth_CreateRunnerToken'
  | 'Auth_RevokeRunnerToken'
>;

/** What administrators do with runners and their tokens. */
export const runnerHandlers: RunnerCalls = {
  async Auth_ListRunners({ ctx, account, query }) {
    return { runners: (await viewRunners(ctx, account, query.name)).map(presentRunner) };
  },
  async Auth_DrainRunner({ ctx, account, params, body }) {
    const reason = body.reason?.trim() ?? '';
    return { runner: presentRunner(await drainRunner(ctx, account, params.id, reason)) };
  },
  async Auth_ResumeRunner({ ctx, account, params }) {
    return { runner: presentRunner(await resumeRunner(ctx, account, params.id)) };
  },
  async Auth_RemoveRunner(call) {
    await removeRunner(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },
  async Auth_ListRunnerTokens({ ctx, account }) {
    return { runnerTokens: (await viewRunnerTokens(ctx, account)).map(presentRunnerToken) };
  },
  async Auth_CreateRunnerToken({ ctx, account, body }) {
    const { secret, view } = await createRunnerToken(ctx, account, body);
    return { token: secret, runnerToken: presentRunnerToken(view) };
  },
  async Auth_RevokeRunnerToken(call) {
    await revokeRunnerToken(call.ctx, call.account, call.params.id);
    return genericResponse(call);
  },
};
