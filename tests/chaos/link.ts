/**
 * The way of one runner to its servers, and what can be wrong with it. It passes on calls of HTTP one by one,
 * so that some can be held, sent again or left without their reply while others go through.
 */
import {
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How one kind of call fares: `held` ones arrive when the weather is better, also if nobody waits any more. */
export type Passage = 'open' | 'held' | 'cut';

export interface Weather {
  /** Register, heartbeat, exchange: what says who may do what. */
  calls: Passage;
  /** Inputs, results, packages: the blob store, as a runner sees it. */
  blobs: Passage;
  /** Every call is passed on so much later. */
  delayMs: number;
  /** Every report arrives again so much later, to nobody's knowledge. */
  againAfterMs: number | null;
  /** Of the replies of calls, so many are lost. */
  lostReplies: number;
}

export const FAIR: Weather = {
  calls: 'open',
  blobs: 'open',
  delayMs: 0,
  againAfterMs: null,
  lostReplies: 0,
};

export interface Link {
  port: number;
  change: (weather: Partial<Weather>) => void;
  /** What was done to calls so far. */
  counts: () => Readonly<Record<'held' | 'cut' | 'again' | 'lost', number>>;
  close: () => Promise<void>;
}

const CALL = /^\/v1\/runner\/(register|heartbeat|exchange)$/;
/** A body that may be sent again is gathered first; those of this suite are far smaller. */
const MOST_BYTES = 64 * 1024 * 1024;
const REPLY_MS = 60_000;

/** Calls go to the first of the ports that takes connections. */
export async function openLink(
  ports: () => readonly number[],
  chance: () => number,
): Promise<Link> {
  const link = new OpenLink(ports, chance);
  await link.listen();
  return link;
}

class OpenLink implements Link {
  private weather = FAIR;
  private readonly sockets = new Set<Socket>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly server: Server;
  private readonly tally = { held: 0, cut: 0, again: 0, lost: 0 };
  private readonly clearing = new EventTarget();
  private readonly ports: () => readonly number[];
  private readonly chance: () => number;

  constructor(ports: () => readonly number[], chance: () => number) {
    this.ports = ports;
    this.chance = chance;
    this.server = createServer((request, response) => {
      response.on('error', () => undefined);
      this.pass(request, response).catch(() => response.destroy());
    });
    this.server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.sockets.delete(socket));
    });
    // Long polls are no idle connections.
    this.server.requestTimeout = 0;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  counts() {
    return { ...this.tally };
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  change(weather: Partial<Weather>): void {
    const isCut = weather.calls === 'cut' || weather.blobs === 'cut';
    this.weather = { ...this.weather, ...weather };
    this.clearing.dispatchEvent(new Event('change'));
    // What is under way breaks too: of a connection nobody knows which calls it carries.
    if (isCut) for (const socket of this.sockets) socket.destroy();
  }

  async close(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    this.change(FAIR);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isCall = CALL.test(request.url ?? '');
    const body = await gather(request);
    if (!(await this.getThrough(isCall ? 'calls' : 'blobs'))) {
      this.tally.cut += 1;
      response.destroy();
      return;
    }
    const { delayMs, againAfterMs, lostReplies } = this.weather;
    if (isCall && delayMs > 0) await this.after(delayMs);
    const call = { method: request.method, path: request.url, headers: request.headers, body };
    if (isCall && againAfterMs !== null) void this.repeat(call, againAfterMs);
    // Who gives up takes the call back as far as it has not arrived.
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const reply = await this.send(call, gone.signal);
    if (isCall && this.chance() < lostReplies) {
      this.tally.lost += 1;
      reply.resume();
      response.destroy();
      return;
    }
    reply.on('error', () => response.destroy());
    response.writeHead(reply.statusCode ?? 502, reply.headers);
    reply.pipe(response);
  }

  /** False where the way is cut; held calls wait until it is open. */
  private async getThrough(kind: 'calls' | 'blobs'): Promise<boolean> {
    if (this.weather[kind] === 'held') this.tally.held += 1;
    while (this.weather[kind] === 'held') {
      await new Promise((resolve) =>
        this.clearing.addEventListener('change', resolve, { once: true }),
      );
    }
    return this.weather[kind] === 'open';
  }

  /** Sends a call that its sender knows nothing of. */
  private async repeat(call: Call, ms: number): Promise<void> {
    await this.after(ms);
    this.tally.again += 1;
    const reply = await this.send(call, AbortSignal.timeout(REPLY_MS)).catch(() => null);
    reply?.on('error', () => undefined);
    reply?.resume();
  }

  private after(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        resolve();
      }, ms);
      this.timers.add(timer);
    });
  }

  private async send(call: Call, signal: AbortSignal): Promise<IncomingMessage> {
    let refused: unknown = new Error('there is no server');
    for (const port of this.ports()) {
      try {
        return await sendTo(port, call, signal);
      } catch (error) {
        // Another server may take it; a call that broke on the way may have had its effect.
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') throw error;
        refused = error;
      }
    }
    throw refused;
  }
}

interface Call {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

function sendTo(
  port: number,
  { method, path, headers, body }: Call,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { 'transfer-encoding': _gathered, ...kept } = headers;
  return new Promise((resolve, reject) => {
    const request = sendRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      headers: { ...kept, 'content-length': String(body.byteLength) },
      agent: false,
      timeout: REPLY_MS,
      signal,
    });
    request.once('response', resolve);
    request.on('error', reject);
    request.once('timeout', () => request.destroy(new Error('the server does not answer')));
    request.end(body);
  });
}

async function gather(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    size += part.byteLength;
    if (size > MOST_BYTES) throw new Error('a body larger than this suite sends');
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
