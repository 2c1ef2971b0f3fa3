import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { CliError } from '../errors.ts';

/**
 * Makes sure that the server will get its port, so that a busy one is a clear error and not a child that
 * cannot start. Port 0 is any free one, chosen here: the runner must know it before the server runs.
 */
export async function reservePort(host: string, port: number): Promise<number> {
  const probe = createServer();
  try {
    probe.listen({ host, port, exclusive: true });
    await once(probe, 'listening');
    return (probe.address() as AddressInfo).port;
  } catch (error) {
    throw explain(error as NodeJS.ErrnoException, host, port);
  } finally {
    probe.close();
  }
}

function explain(error: NodeJS.ErrnoException, host: string, port: number): unknown {
  switch (error.code) {
    case 'EADDRINUSE':
      return new CliError(`port ${port} of ${host} is in use by another program`, {
        fix: [
          `choose another: bytenite up --port ${port + 1}`,
          `or find who has it: ss -ltnp 'sport = :${port}'`,
        ],
      });
    case 'EACCES':
      return new CliError(`port ${port} may not be opened by this user`, {
        fix: ['choose one above 1023: bytenite up --port 4280'],
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new CliError(`--host ${host} is no address of this machine`, {
        fix: ['127.0.0.1 is for this machine alone, 0.0.0.0 for every network it is in'],
      });
    default:
      return error;
  }
}

/** The address under which this machine itself reaches a server that listens there. */
export function localUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return host.includes(':') ? `http://[${host}]:${port}` : `http://${host}:${port}`;
}
