import type { HttpBindings } from '@hono/node-server';

/** What Hono's context holds in this application. */
export interface AppEnv {
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    /** Operation id, the label of metrics; unset for paths that nothing serves. */
    operation?: string;
    /** Id of the account that called; unset for calls without one. */
    account?: string;
  };
}
