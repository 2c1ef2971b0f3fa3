import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';

export interface TestServer {
  url: string;
  /** `METHOD path` of each request so far. */
  requests: string[];
}

export type Handler = (
  request: IncomingMessage,
  response: ServerResponse,
  body: string,
) => void | Promise<void>;

/** A real HTTP server for one test, given each request with its body. */
export async function serve(handler: Handler): Promise<TestServer> {
  const requests: string[] = [];
  const server = await serveRaw((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    void text(request).then((body) => handler(request, response, body));
  });
  return { ...server, requests };
}

/** The same for what looks at the bytes of a request itself. */
export async function serveRaw(listener: RequestListener): Promise<{ url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}` };
}

export function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof value === 'string' ? value : JSON.stringify(value));
}

/** The contract's error body. */
export function errorBody(code: number, message: string, details: unknown[] = []): object {
  return { code, message, details, ok: false, requestId: 'req-1' };
}
