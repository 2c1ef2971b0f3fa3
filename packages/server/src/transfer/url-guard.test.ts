import type { LookupAddress } from 'node:dns';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';

import { SourceError } from './source-error.ts';
import { startHttpServer } from './testing/http-server.ts';
import { createUrlGuard } from './url-guard.ts';
import type { UrlGuard, UrlGuardOptions } from './url-guard.ts';

const guards: UrlGuard[] = [];

function makeGuard(options: Partial<UrlGuardOptions> = {}): UrlGuard {
  const guard = createUrlGuard({ allowPrivate: true, ...options });
  guards.push(guard);
  return guard;
}

afterEach(async () => {
  await Promise.all(guards.splice(0).map((guard) => guard.close()));
});

/** A resolver that knows a few names and counts how often it was asked. */
function makeResolver(names: Record<string, string[]>): {
  resolve: (hostname: string) => Promise<LookupAddress[]>;
  asked: string[];
} {
  const asked: string[] = [];
  async function resolve(hostname: string): Promise<LookupAddress[]> {
    asked.push(hostname);
    const addresses = names[hostname] ?? [];
    return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
  }
  return { resolve, asked };
}

async function textOf(guard: UrlGuard, url: string): Promise<string> {
  return (await guard.get(url)).body.text();
}

describe('addresses', () => {
  it('refuses a literal private address, and says how to allow it', async () => {
    const guard = makeGuard({ allowPrivate: false });
    await expect(guard.get('http://10.0.0.5:8080/data.csv?sig=hidden')).rejects.toThrow(
      'source URL http://10.0.0.5:8080/data.csv?… is the private address 10.0.0.5, ' +
        'which this server does not allow (set BYTENITE_ALLOW_PRIVATE_URLS=1 to allow it)',
    );
  });

  it.each([
    'http://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://[::1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f00:1]/',
    'http://[64:ff9b::7f00:1]/',
    'http://0.0.0.0/',
    'http://localhost/',
    'http://LOCALHOST/',
    'http://169.254.169.254/latest/meta-data/',
  ])('refuses %s', async (url) => {
    const guard = makeGuard({ allowPrivate: false });
    await expect(guard.get(url)).rejects.toThrow(
      /address .*, which (this server does not|is never) allow/,
    );
    await expect(guard.get(url)).rejects.toBeInstanceOf(SourceError);
  });

  it('refuses a name when any of its addresses is private', async () => {
    const { resolve } = makeResolver({ 'mixed.example': ['8.8.8.8', '10.0.0.5'] });
    await expect(
      makeGuard({ allowPrivate: false, resolve }).get('https://mixed.example/x'),
    ).rejects.toThrow(
      'source URL https://mixed.example/x (host mixed.example) resolves to the private address 10.0.0.5, ' +
        'which this server does not allow (set BYTENITE_ALLOW_PRIVATE_URLS=1 to allow it)',
    );
  });

  it('never allows metadata addresses, not even when private ones are', async () => {
    const { resolve } = makeResolver({ 'meta.example': ['169.254.169.254'] });
    const guard = makeGuard({ allowPrivate: true, resolve });
    await expect(guard.get('http://meta.example/')).rejects.toThrow(
      /link-local address .* never allowed/,
    );
    await expect(guard.get('http://168.63.129.16/')).rejects.toThrow(
      /cloud metadata address .* never allowed/,
    );
  });

  it('connects to the address that was checked and resolves the name once', async () => {
    await using server = await startHttpServer((_request, response) => response.end('here'));
    const { resolve, asked } = makeResolver({ 'data.example': ['127.0.0.1'] });
    const guard = makeGuard({ resolve });
    expect(await textOf(guard, `http://data.example:${server.port}/`)).toBe('here');
    expect(asked).toEqual(['data.example']);
    expect(server.requests[0]?.headers.host).toBe(`data.example:${server.port}`);
  });

  it('checks the connections of other clients too', async () => {
    await using server = await startHttpServer((_request, response) => response.end('here'));
    const strict = makeGuard({ allowPrivate: false });
    await expect(request(server.origin, { dispatcher: strict.dispatcher })).rejects.toThrow(
      /loopback/,
    );
    const open = await request(server.origin, { dispatcher: makeGuard().dispatcher });
    expect(await open.body.text()).toBe('here');

    const socket = connect({ host: 'localhost', port: server.port, lookup: strict.lookup });
    const [error] = (await once(socket, 'error').catch((reason: unknown) => [reason])) as [Error];
    expect(error.message).toMatch(/loopback/);
    expect(server.connections()).toBe(1);
  });

  it('uses no proxy from the environment', async () => {
    await using server = await startHttpServer((_request, response) => response.end('direct'));
    await using proxy = await startHttpServer((_request, response) => response.end('by proxy'));
    const before = { ...process.env };
    Object.assign(process.env, {
      http_proxy: proxy.origin,
      HTTP_PROXY: proxy.origin,
      NODE_USE_ENV_PROXY: '1',
    });
    try {
      expect(await textOf(makeGuard(), server.origin)).toBe('direct');
      expect(proxy.connections()).toBe(0);
    } finally {
      process.env = before;
    }
  });
});

describe('URLs', () => {
  it('allows http and https only', () => {
    const guard = makeGuard();
    for (const url of ['ftp://a.example/x', 'file:///etc/passwd', 'data:,x', 'javascript:1']) {
      expect(() => guard.assertAllowed(url)).toThrow(
        'source URL must be a full http or https address',
      );
    }
    expect(guard.assertAllowed('HTTPS://a.example/x#part').href).toBe('https://a.example/x');
  });

  it('names neither password nor signature in messages', async () => {
    const guard = makeGuard({ allowPrivate: false });
    const failures = await Promise.allSettled([
      guard.get('https://ada:sesame@10.0.0.5/x?sig=sesame#sesame'),
      guard.get('https://ada:sesame@'),
      guard.get('ada:sesame@10.0.0.5'),
      guard.get('ftp://ada:sesame@a.example/'),
    ]);
    for (const failure of failures) {
      expect(failure.status).toBe('rejected');
      expect(String((failure as PromiseRejectedResult).reason)).not.toContain('sesame');
    }
  });

  it('sends credentials from the URL or the caller as basic authentication, the caller first', async () => {
    await using server = await startHttpServer((request, response) =>
      response.end(request.headers.authorization),
    );
    const guard = makeGuard();
    const url = server.origin.replace('//', '//ada:p%40ss@');
    const credentials = { username: 'bob', password: 'pw' };
    expect(await textOf(guard, url)).toBe(`Basic ${btoa('ada:p@ss')}`);
    expect(await (await guard.get(url, { credentials })).body.text()).toBe(
      `Basic ${btoa('bob:pw')}`,
    );
    expect(await textOf(guard, server.origin)).toBe('');
  });
});

describe('redirects', () => {
  it('are followed up to five times', async () => {
    await using server = await startHttpServer((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end('arrived');
      else response.writeHead(302, { location: `/${left - 1}` }).end('a body that nobody reads');
    });
    const guard = makeGuard();
    expect(await textOf(guard, `${server.origin}/5`)).toBe('arrived');
    await expect(guard.get(`${server.origin}/6`)).rejects.toThrow(/redirects more than 5 times/);
  });

  it('are checked, each one', async () => {
    await using server = await startHttpServer((request, response) => {
      const location = {
        '/a': 'http://169.254.169.254/token',
        '/b': 'http://inner.example/',
        '/c': 'file:///etc',
      };
      response.writeHead(307, { location: location[request.url as '/a'] }).end();
    });
    const { resolve } = makeResolver({ 'inner.example': ['169.254.0.23'] });
    const guard = makeGuard({ resolve });
    await expect(guard.get(`${server.origin}/a`)).rejects.toThrow(
      `source URL ${server.origin}/a, redirected to http://169.254.169.254/token, is the link-local address`,
    );
    await expect(guard.get(`${server.origin}/b`)).rejects.toThrow(
      /\(host inner\.example\) resolves to the link-local/,
    );
    await expect(guard.get(`${server.origin}/c`)).rejects.toThrow(
      /something other than an http or https address/,
    );
  });

  it('do not carry credentials to another origin', async () => {
    await using other = await startHttpServer((request, response) => {
      response.end(`got ${request.headers.authorization ?? 'none'}`);
    });
    await using server = await startHttpServer((_request, response) => {
      response.writeHead(301, { location: `${other.origin}/x` }).end();
    });
    const response = await makeGuard().get(server.origin, {
      credentials: { username: 'ada', password: 'pw' },
    });
    expect(await response.body.text()).toBe('got none');
    expect(server.requests[0]?.headers.authorization).toBe(`Basic ${btoa('ada:pw')}`);
  });

  it('without an address are an error', async () => {
    await using server = await startHttpServer((_request, response) =>
      response.writeHead(302).end(),
    );
    await expect(makeGuard().get(server.origin)).rejects.toThrow(
      /answered 302 \(a redirect\) without saying where to/,
    );
  });
});

describe('failures', () => {
  it('say that a host was not found', async () => {
    const error = await failureOf(
      makeGuard({ resolve: makeResolver({}).resolve }).get('http://typo.example/'),
    );
    expect(error.message).toBe(
      'source URL http://typo.example/ cannot be read: its host was not found (check the spelling)',
    );
    expect(error.isTransient).toBe(false);
  });

  it('say that a connection was refused', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    const error = await failureOf(
      makeGuard().get(`http://127.0.0.1:${port}/`, { subject: 'webhook URL' }),
    );
    expect(error.message).toMatch(/^webhook URL .* cannot be read: the connection was refused/);
    expect(error.isTransient).toBe(true);
  });

  it('end the wait for headers that do not come', async () => {
    await using server = await startHttpServer(() => undefined);
    const error = await failureOf(makeGuard({ headersTimeoutMs: 50 }).get(server.origin));
    expect(error.message).toMatch(/did not answer in time/);
    expect(error.isTransient).toBe(true);
  });

  it('end the wait for a TLS handshake that does not come', async () => {
    await using server = await startHttpServer(() => undefined);
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const error = await failureOf(
      makeGuard({ connectTimeoutMs: 50 }).get(`https://127.0.0.1:${port}/`),
    );
    expect(error.message).toMatch(/the connection timed out/);
    silent.close();
    const plain = await failureOf(makeGuard().get(`https://127.0.0.1:${server.port}/`));
    expect(plain.message).toMatch(/no secure connection could be made/);
  });

  it('give the reason of an abort as it is', async () => {
    await using server = await startHttpServer(() =>
      controller.abort(new Error('job was aborted')),
    );
    const controller = new AbortController();
    await expect(makeGuard().get(server.origin, { signal: controller.signal })).rejects.toThrow(
      'job was aborted',
    );
  });
});

async function failureOf(promise: Promise<unknown>): Promise<SourceError> {
  const error: unknown = await promise.then(
    () => new Error('it succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof SourceError) return error;
  throw error;
}
