import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What answers a call; a value is sent as JSON. */
export type Route = object | ((response: ServerResponse) => void);

/** A real HTTP server that answers some calls; `METHOD path`, without the query. */
export async function serveApi(routes: Record<string, Route>): Promise<{ url: string }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    const route = routes[`${request.method} ${path}`];
    if (typeof route === 'function') return route(response);
    const body = route ?? { code: 5, message: `no ${request.method} ${path}`, details: [] };
    response.writeHead(route === undefined ? 404 : 200).end(JSON.stringify(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A line of the stream of events. */
export function eventLine(event: string, id: number, data: object): string {
  return `${JSON.stringify({ result: { event, id: String(id), data: { jobId: 'j', ...data } } })}\n`;
}

/** A job as far as a reply has to have one. */
export function jobObject(state: string, more: object = {}): object {
  const empty = { id: '', owner: '', description: '', app: '', partitioner: '', assembler: '' };
  return {
    id: 'j',
    templateId: '',
    name: 'a job',
    description: '',
    config: {
      taskTimeout: 0,
      jobTimeout: 0,
      isTestJob: false,
      maxTaskRetries: 3,
      allowEmpty: false,
      toleratedFailures: '',
      speculation: false,
      retryOn: [],
      failOn: [],
    },
    priority: 'EXECUTION_PRIORITY_UNDEFINED',
    state: `JOB_STATE_${state}`,
    createdAt: '2026-02-03T09:14:20.1Z',
    submittedAt: null,
    startedAt: null,
    endedAt: null,
    startAt: null,
    deletedAt: null,
    regions: null,
    dataSource: null,
    dataDestination: null,
    params: { preset: '', partitioner: {}, assembler: {}, app: {} },
    duration: 0,
    paymentAmount: 0,
    numUnitsEstimation: '0',
    numChunks: 0,
    errorMessage: '',
    stateTimestamps: {},
    appId: '',
    templateInfo: empty,
    failureReason: 'NONE',
    failedChunks: 0,
    waitingReason: '',
    taskCounts: {},
    pinned: null,
    ...more,
  };
}
