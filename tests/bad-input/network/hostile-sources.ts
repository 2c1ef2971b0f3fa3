/**
 * Run inside a network of its own, in which a public address and every name lead to this machine. Runs a job
 * for each hostile source on a real server, and prints what became of it and who was reached.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createJob, JOBS, runJob } from '../../api/caller.ts';
import { pushComponent } from '../../support/components.ts';
import { startPlatform, until, type Platform } from '../../support/platform.ts';
import { startNameServer } from './name-server.ts';

export interface Outcome {
  state: string;
  failureReason: string;
  errorMessage: string;
  /** Local addresses under which the data server was reached, with the path. */
  reached: string[];
}

/** Any address that is public to the guard; packets to it never leave this network. */
const PUBLIC = '93.184.215.14';
const PRIVATE = '127.0.0.1';
const DRIP_MS = 20;

let reached: string[] = [];

const ANSWERS: Record<string, (response: ServerResponse, port: number) => void> = {
  '/data.txt': (response) => response.end('data'),
  '/to-private': (response, port) =>
    response.writeHead(302, { location: `http://${PRIVATE}:${port}/secret` }).end(),
  '/to-name': (response, port) =>
    response.writeHead(307, { location: `http://turns.test:${port}/secret` }).end(),
  '/silent': (response) => void response.write('12345'),
  '/drip': (response) => {
    const drip = setInterval(() => response.write('x'), DRIP_MS);
    response.on('close', () => clearInterval(drip));
  },
  '/endless': (response) => {
    const more = (): void => {
      while (response.write(Buffer.alloc(64 * 1024)));
      response.once('drain', more);
    };
    more();
  },
  '/redirects': (response) => response.writeHead(302, { location: '/redirects' }).end(),
};

async function main(): Promise<void> {
  const dir = mkdtempSync(path.join(tmpdir(), 'bytenite-network-'));
  execFileSync('ip', ['link', 'set', 'lo', 'up']);
  execFileSync('ip', ['address', 'add', `${PUBLIC}/32`, 'dev', 'lo']);
  writeFileSync(path.join(dir, 'resolv.conf'), `nameserver ${PRIVATE}\n`);
  execFileSync('mount', ['--bind', path.join(dir, 'resolv.conf'), '/etc/resolv.conf']);
  const names = await startNameServer({
    'rebinds.test': [[PUBLIC], [PRIVATE]],
    'turns.test': [[PRIVATE]],
    'both.test': [[PUBLIC, PRIVATE]],
    'metadata.test': [['169.254.169.254']],
  });
  const server = createServer((request, response) => {
    reached.push(`${request.socket.localAddress}${request.url}`);
    const { port } = server.address() as AddressInfo;
    (ANSWERS[request.url ?? ''] ?? ((r) => r.end('secret')))(response, port);
  }).listen(0, '0.0.0.0');
  await once(server, 'listening');
  const platform = await startPlatform({
    runner: false,
    env: {
      BYTENITE_ALLOW_PRIVATE_URLS: '0',
      BYTENITE_MAX_SOURCE_BYTES: String(4 * 1024 * 1024),
      BYTENITE_IDLE_MS: '1000',
      BYTENITE_BACKOFF_BASE_MS: '1',
    },
  });
  try {
    await pushComponent(platform, { name: 'app', type: 'app', main: 'pass' });
    const { port } = server.address() as AddressInfo;
    const outcomes: Record<string, Outcome> = {};
    for (const source of process.argv.slice(2)) {
      outcomes[source] = await run(platform, `http://${source.replace('/', `:${port}/`)}`);
    }
    process.stdout.write(JSON.stringify(outcomes));
  } finally {
    await platform.close();
    server.closeAllConnections();
    server.close();
    names.close();
    execFileSync('umount', ['/etc/resolv.conf']);
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs a job up to its chunks, for which no runner is needed, or to its failure. */
async function run(platform: Platform, url: string): Promise<Outcome> {
  reached = [];
  const dataSource = { dataSourceDescriptor: 'url', params: { url } };
  const id = await createJob(platform, { app: 'app', dataSource });
  await runJob(platform, id);
  const { job } = await until(30_000, `the source ${url}`, async () => {
    const reply = await platform.call<{ job: Outcome }>('GET', `${JOBS}/${id}`);
    return /FAILED|PARTITIONED/.test(reply.job.state) ? reply : null;
  });
  const { state, failureReason, errorMessage } = job;
  return { state, failureReason, errorMessage, reached };
}

await main();
