/** The users' data: an HTTP server whose bodies come slowly, in pieces. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PIECES = 4;
const PIECE_MS = 60;

export interface SourceServer {
  url: (name: string) => string;
  /** What `url(name)` answers. */
  put: (name: string, body: string) => void;
  close: () => Promise<void>;
}

export async function startSourceServer(): Promise<SourceServer> {
  const bodies = new Map<string, string>();
  const server = createServer((request, response) => {
    const body = bodies.get(request.url?.slice(1) ?? '');
    if (body === undefined) response.writeHead(404).end();
    else dripBody(response, Buffer.from(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}`,
    put: (name, body) => void bodies.set(name, body),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function dripBody(response: ServerResponse, body: Buffer): void {
  response.writeHead(200, { 'content-length': body.byteLength });
  const size = Math.ceil(body.byteLength / PIECES);
  let at = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(at, at + size));
    at += size;
    if (at < body.byteLength) return;
    clearInterval(timer);
    response.end();
  }, PIECE_MS);
  response.on('close', () => clearInterval(timer));
}
