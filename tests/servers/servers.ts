/** Several servers on one PostgreSQL database, behind something that leads to one that lives. */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { openDiskBlobStore } from '../../packages/server/src/blob/disk.ts';
import { openPostgresStore } from '../../packages/server/src/store/postgres-store.ts';
import { findProblems } from '../../packages/server/src/testing/invariants.ts';
import {
  callerOf,
  programOf,
  RUNNER,
  SERVER,
  startProgram,
  type Program,
} from '../support/platform.ts';

export interface TestServer extends Program {
  port: number;
  url: string;
}

export interface ServerGroup {
  dir: string;
  dataDir: string;
  /** Leads to the first server that takes connections. */
  url: string;
  start: (args?: readonly string[], env?: Record<string, string>) => Promise<TestServer>;
  startRunner: () => Promise<Program>;
  call: <T = Record<string, unknown>>(method: string, route: string, body?: unknown) => Promise<T>;
  logs: () => Promise<string>;
  /** What is not as it must be in the database and the files. */
  problems: () => Promise<string[]>;
  close: () => Promise<void>;
}

export async function createServers(databaseUrl: string): Promise<ServerGroup> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'bytenite-servers-'));
  await chmod(dir, 0o711);
  const dataDir = await makeDataDir(dir, 'data');
  const logFile = path.join(dir, 'log');
  const servers: TestServer[] = [];
  const programs: Program[] = [];
  const front = await openFront(() => servers.map(({ port }) => port));
  const url = `http://127.0.0.1:${front.port}`;
  return {
    dir,
    dataDir,
    url,
    async start(args = ['--data-dir', dataDir], env = {}) {
      const { child, ready } = await startProgram(SERVER, ['--port', '0', ...args], {
        env: { DATABASE_URL: databaseUrl, ...env },
        logFile,
      });
      const port = Number(ready['port']);
      const server = { ...programOf(child), port, url: `http://127.0.0.1:${port}` };
      programs.push(server);
      servers.push(server);
      return server;
    },
    async startRunner() {
      const tokenFile = path.join(dataDir, 'runner-token');
      const workDir = path.join(dir, 'runner');
      const { child } = await startProgram(
        RUNNER,
        ['--server', url, '--token-file', tokenFile, '--work-dir', workDir, '--name', 'one'],
        { logFile },
      );
      const runner = programOf(child);
      programs.unshift(runner);
      return runner;
    },
    async call(...call) {
      const key = (await readFile(path.join(dataDir, 'api-key'), 'utf8')).trim();
      return callerOf(url, key)(...call);
    },
    problems: () => problemsIn(databaseUrl, dataDir),
    logs: () => readFile(logFile, 'utf8').catch(() => ''),
    async close() {
      for (const { process: child } of programs) {
        if (child.exitCode !== null || child.signalCode !== null) continue;
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGTERM');
        await ended;
      }
      front.close();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** What is not as it must be in a database and its files. */
export async function problemsIn(databaseUrl: string, dataDir: string): Promise<string[]> {
  const store = await openPostgresStore({
    url: databaseUrl,
    connections: 4,
    connectMs: 10_000,
    statementMs: 30_000,
  });
  const blobs = await openDiskBlobStore({ dir: path.join(dataDir, 'blobs'), shared: true });
  try {
    return await findProblems({ store, blobs });
  } finally {
    await blobs.close();
    await store.close();
  }
}

/** A data directory with a token for runners, as `bytenite server` makes it. */
export async function makeDataDir(dir: string, name: string): Promise<string> {
  const dataDir = path.join(dir, name);
  await mkdir(dataDir, { mode: 0o700 });
  const token = randomBytes(32).toString('hex');
  await writeFile(path.join(dataDir, 'runner-token'), token, { mode: 0o600 });
  return dataDir;
}

interface Front {
  port: number;
  close: () => void;
}

/** Passes each connection on to the first port that takes it. */
async function openFront(ports: () => readonly number[]): Promise<Front> {
  const open = new Set<Socket>();
  const front: Server = createServer((socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    passOn(socket, [...ports()]);
  });
  await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
  return {
    port: (front.address() as AddressInfo).port,
    close() {
      front.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function passOn(socket: Socket, [port, ...others]: number[]): void {
  if (port === undefined) {
    socket.destroy();
    return;
  }
  const server = connect(port, '127.0.0.1');
  let isConnected = false;
  server.once('connect', () => {
    isConnected = true;
    socket.pipe(server).pipe(socket);
  });
  server.on('error', () => {
    if (isConnected) socket.destroy();
    else passOn(socket, others);
  });
  server.once('close', () => {
    if (isConnected) socket.destroy();
  });
  socket.once('close', () => server.destroy());
}
