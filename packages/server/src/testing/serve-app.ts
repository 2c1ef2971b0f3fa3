import { createApp } from '../api/app.ts';
import { listen } from '../api/listen.ts';
import type { Context } from '../context.ts';

export interface ServedApp {
  url: string;
  port: number;
  close: () => Promise<void>;
}

export const RUNNER_TOKEN = 'runner-token';

/** The whole API of a context, on a port of its own. */
export async function serveApp(ctx: Context): Promise<ServedApp> {
  const app = createApp(ctx, { runnerToken: RUNNER_TOKEN });
  const server = await listen(app, { host: '127.0.0.1', port: 0 });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: server.port,
    close: () => server.close(),
  };
}
