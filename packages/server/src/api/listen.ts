/** The listening side: a Node server with limits that suit uploads, streams and long polls. */
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { ApiError, invalid } from '@bytenite/contract';
import type { Logger } from 'pino';
import type { ServerConfig } from '../config/config.ts';
import { CORS_HEADERS } from './cors.ts';
import { newRequestId, problemOf, problemResponse } from './problem.ts';

export interface Listener {
  port: number;
  /** Takes no new connections, lets running calls end for a while, then cuts them. */
  close: () => Promise<void>;
}

/** An engine can be pushed in the query, so a URL may be longer than Node's default. */
const MAX_HEADER_BYTES = 128 * 1024;
const HEADERS_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;
const CLOSING_MS = 3000;
const IDLE_CHECK_MS = 50;

interface Application {
  fetch: (request: Request, bindings: object) => Response | Promise<Response>;
}

export async function listen(
  app: Application,
  config: Pick<ServerConfig, 'host' | 'port'>,
  logger?: Logger,
): Promise<Listener> {
  const server = createServer({
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // No limit in all: uploads take long. api/request-body.ts ends those that stand still.
    requestTimeout: 0,
    // Node would answer with an empty body; without a host the listener below fails and we answer.
    requireHostHeader: false,
  });
  const onRequest = getRequestListener((request, bindings) => app.fetch(request, bindings), {
    errorHandler: (error) => badRequest(error, logger),
  });
  const serve = (request: IncomingMessage, reply: ServerResponse) => void onRequest(request, reply);
  const calls = countCalls(server);
  server.on('request', serve);
  // An expectation that Node does not know is no reason to refuse.
  server.on('checkExpectation', serve);
  server.on('clientError', (error, socket) => refuse(error, socket, logger));
  await start(server, config);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => close(server, calls),
  };
}

function start(server: Server, { host, port }: Pick<ServerConfig, 'host' | 'port'>): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      reject(isTaken ? new Error(`port ${port} of ${host} is in use`, { cause: error }) : error);
    });
    server.listen(port, host, resolve);
  });
}

/** Counts the calls on each connection: what Node holds for idle leaves out those that never asked. */
function countCalls(server: Server): ReadonlyMap<Socket, number> {
  const calls = new Map<Socket, number>();
  server.on('connection', (socket) => {
    calls.set(socket, 0);
    socket.once('close', () => calls.delete(socket));
  });
  server.on('request', ({ socket }, reply) => {
    calls.set(socket, (calls.get(socket) ?? 0) + 1);
    reply.once('close', () => {
      if (calls.has(socket)) calls.set(socket, (calls.get(socket) ?? 1) - 1);
    });
  });
  return calls;
}

async function close(server: Server, calls: ReadonlyMap<Socket, number>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const closeIdle = () => {
    for (const [socket, count] of calls) if (count === 0) socket.destroySoon();
  };
  closeIdle();
  const idle = setInterval(closeIdle, IDLE_CHECK_MS);
  const cut = setTimeout(() => server.closeAllConnections(), CLOSING_MS);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

/** A request whose head makes no sense as a URL, such as one without a valid Host. */
function badRequest(error: unknown, logger: Logger | undefined): Response {
  const requestId = newRequestId();
  logger?.debug({ requestId, status: 400 }, 'request not understood');
  const message = error instanceof Error ? error.message : 'malformed request';
  const response = problemResponse(
    new ApiError('INVALID_ARGUMENT', message, { cause: error }),
    requestId,
  );
  for (const [name, value] of headersOf(requestId)) response.headers.set(name, value);
  return response;
}

/** Replies to what Node's parser refused: nothing of it reaches the application. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex, logger: Logger | undefined): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = newRequestId();
  const { status, body } = problemOf(explain(error), requestId);
  logger?.debug({ requestId, status, code: error.code }, 'request not understood');
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'connection: close',
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(text)}`,
    ...headersOf(requestId).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`);
}

function explain(error: NodeJS.ErrnoException): ApiError {
  switch (error.code) {
    case 'HPE_HEADER_OVERFLOW':
      return invalid(`URL and headers are larger than ${MAX_HEADER_BYTES} bytes`);
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ApiError('DEADLINE_EXCEEDED', 'the request took too long to arrive');
    default:
      return new ApiError('INVALID_ARGUMENT', 'malformed HTTP request', { cause: error });
  }
}

function headersOf(requestId: string): [string, string][] {
  return [...Object.entries(CORS_HEADERS), ['x-request-id', requestId]];
}
