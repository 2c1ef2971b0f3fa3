import type { HttpBindings } from '@hono/node-server';
import type { RunnerTokenHolder } from '../engine/runners/runner-token.ts';

/** What Hono's context holds in this application. */
export interface AppEnv {
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** Operation id, the label of metrics; unset for paths that nothing serves. */
    operation?: string;
    /** Id of the account that called; unset for calls without one. */
    account?: string;
    /** What a runner came with; only below its own base. */
    runnerToken: RunnerTokenHolder;
  };
}
