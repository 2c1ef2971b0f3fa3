/** The database that a server started here would use. */
import { access } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { fail, ok, type Check } from './check.ts';

const TIMEOUT_MS = 5000;
const DEFAULT_PORT = 5432;

export async function checkDatabase(dataDir: string, url: string | undefined): Promise<Check> {
  if (!url) return ok('database', await sqliteWords(dataDir));
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol !== 'postgres:' && address?.protocol !== 'postgresql:') {
    return fail(
      'database',
      'DATABASE_URL is not the address of a PostgreSQL database',
      'set it like postgres://user:password@host:5432/database, or unset it to use SQLite',
    );
  }
  const { hostname, port, pathname } = address;
  const place = `PostgreSQL at ${address.host}${pathname} (DATABASE_URL)`;
  // An address without a host names a socket, which only the server's driver finds.
  if (hostname === '') return ok('database', place);
  // An address of IPv6 stands in brackets, which are no part of it.
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const problem = await connectionProblem(host, Number(port || DEFAULT_PORT));
  if (problem === undefined) return ok('database', `${place} takes connections`);
  const fix = 'start it, or correct DATABASE_URL; a server does not start without its database';
  return fail('database', `${place} cannot be reached: ${problem}`, fix);
}

async function sqliteWords(dataDir: string): Promise<string> {
  const file = path.join(dataDir, 'bytenite.db');
  const begins = await access(file).then(
    () => true,
    () => false,
  );
  return `SQLite, ${file}${begins ? '' : ', made at the first start'}`;
}

function connectionProblem(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: TIMEOUT_MS });
    const settle = (problem: string | undefined) => {
      socket.destroy();
      resolve(problem);
    };
    socket.once('connect', () => settle(undefined));
    socket.once('timeout', () => settle(`no answer within ${TIMEOUT_MS / 1000} s`));
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message));
  });
}
