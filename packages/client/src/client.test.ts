import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { RawJson } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { createClient } from './client.ts';
import { ConnectionError, RemoteError, UnreadableReplyError } from './errors.ts';
import { errorBody, json, serve } from './testing/serve.ts';

const OK = { ok: true, requestId: 'req-1', message: '', error: null };
const TASKS = {
  pagination: { total: 0, offset: 0, hasPrevious: false, hasNext: false },
  data: [],
};

describe('calls', () => {
  it('are addressed by their route, with parameters and query in place', async () => {
    const server = await serve((_, response) => json(response, TASKS));
    const client = createClient({ baseUrl: `${server.url}/`, apiKey: 'k' });
    await client.call('Customer_ListTasks', {
      params: { jobId: 'a/b' },
      query: { limit: 5, state: ['FAILED', 'ABORTED'], kind: ['APP'] },
    });
    expect(server.requests).toEqual([
      'GET /v1/computing/jobs/a%2Fb/tasks?limit=5&state=FAILED%2CABORTED&kind=APP',
    ]);
  });

  it('carry the API key, or the token as a bearer', async () => {
    const seen: unknown[] = [];
    const server = await serve(({ headers }, response) => {
      seen.push([headers['x-api-key'], headers.authorization]);
      json(response, OK);
    });
    await createClient({ baseUrl: server.url, apiKey: 'key' }).call('Auth_SignOut');
    await createClient({ baseUrl: server.url, token: 'token' }).call('Auth_SignOut');
    expect(seen).toEqual([
      ['key', undefined],
      [undefined, 'Bearer token'],
    ]);
  });

  it('send no credentials where none are needed', async () => {
    const server = await serve(({ headers }, response) =>
      json(response, { version: { major: 0, minor: 1, tag: String(headers['x-api-key']) } }),
    );
    const info = await createClient({ baseUrl: server.url, apiKey: 'key' }).call('Customer_Info');
    expect(info.version.tag).toBe('undefined');
  });

  it('send and return user data as the text it is', async () => {
    const params = '{"n":1.0,"big":12345678901234567890,"2":"b","1":"a","__proto__":{}}';
    let received = '';
    const server = await serve((_, response, body) => {
      received = body;
      json(response, `{"user":${userText(params)}}`);
    });
    const client = createClient({ baseUrl: server.url, apiKey: 'k' });
    const { user } = await client.call('Auth_UpdateUser', {
      body: { settings: new RawJson(params) },
    });
    expect(received).toBe(`{"settings":${params}}`);
    expect(user.settings.text).toBe(params);
    expect(user.createdAt).toBeNull();
  });

  it('ask for a new token once when the platform refuses the old one', async () => {
    const server = await serve(({ headers }, response) =>
      headers.authorization === 'Bearer new'
        ? json(response, OK)
        : json(response, errorBody(16, 'invalid token'), 401),
    );
    const token = async (renew: boolean) => (renew ? 'new' : 'old');
    await createClient({ baseUrl: server.url, token }).call('Auth_SignOut');
    expect(server.requests).toHaveLength(2);
  });
});

describe('errors', () => {
  it('are rebuilt with kind, violations and request id', async () => {
    const details = [
      { '@type': 'x', fieldViolations: [{ field: 'params.app.n', description: 'is required' }] },
    ];
    const server = await serve((_, response) =>
      json(response, errorBody(3, 'bad params', details), 400),
    );
    const call = createClient({ baseUrl: server.url, apiKey: 'k' }).call('Auth_SignOut');
    const error = await call.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RemoteError);
    expect(error).toMatchObject({
      kind: 'INVALID_ARGUMENT',
      message: 'bad params',
      violations: [{ field: 'params.app.n', description: 'is required' }],
      requestId: 'req-1',
      status: 400,
    });
  });

  it('tell codes apart that share a status, and statuses that share a code', async () => {
    const answers = [
      [400, 9, 'FAILED_PRECONDITION'],
      [405, 12, 'METHOD_NOT_ALLOWED'],
      [501, 12, 'UNIMPLEMENTED'],
    ] as const;
    for (const [status, code, kind] of answers) {
      const server = await serve((_, response) => json(response, errorBody(code, 'x'), status));
      const call = createClient({ baseUrl: server.url }).call('Auth_SignOut');
      await expect(call).rejects.toMatchObject({ kind });
    }
  });

  it('of a proxy in between still name the status', async () => {
    const server = await serve((_, response) => json(response, '<html>', 413));
    const call = createClient({ baseUrl: server.url }).call('Auth_SignOut');
    await expect(call).rejects.toMatchObject({ message: 'HTTP 413 Payload Too Large' });
  });

  it('say so when the reply is not what the contract promises', async () => {
    for (const reply of ['<html>', '{}', '{"version":{"major":"1"}}']) {
      const server = await serve((_, response) => json(response, reply));
      const call = createClient({ baseUrl: server.url }).call('Auth_Info');
      await expect(call).rejects.toThrow(UnreadableReplyError);
    }
  });
});

describe('retries', () => {
  it('repeat a GET while a proxy says that the server is away', async () => {
    const answers = [502, 503, 200];
    const server = await serve((_, response) => json(response, TASKS, answers.shift()));
    await createClient({ baseUrl: server.url }).call('Customer_ListTasks', {
      params: { jobId: 'a' },
    });
    expect(server.requests).toHaveLength(3);
  });

  it('end', async () => {
    const server = await serve((_, response) => json(response, errorBody(14, 'away'), 503));
    const call = createClient({ baseUrl: server.url }).call('Auth_Info');
    await expect(call).rejects.toMatchObject({ kind: 'UNAVAILABLE' });
    expect(server.requests).toHaveLength(4);
  });

  it('never repeat what may have been done', async () => {
    const server = await serve((request) => void request.socket.destroy());
    const call = createClient({ baseUrl: server.url }).call('Auth_SignOut');
    await expect(call).rejects.toThrow(ConnectionError);
    expect(server.requests).toHaveLength(1);
  });
});

describe('limits', () => {
  it('end a call that gets no answer', async () => {
    const server = await serve(() => undefined);
    const call = createClient({ baseUrl: server.url, timeoutMs: 50 }).call('Auth_SignOut');
    await expect(call).rejects.toMatchObject({ reason: 'timeout' });
  });

  it("end a call at the caller's abort, with the caller's reason", async () => {
    const server = await serve(() => undefined);
    const controller = new AbortController();
    const client = createClient({ baseUrl: server.url });
    const call = client.call('Auth_Info', {}, { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
  });
});

it('the main entry reaches no Node built-in, so that it runs in browsers', async () => {
  const files = ['index.ts'];
  for (const file of files) {
    const source = await readFile(path.join(import.meta.dirname, file), 'utf8');
    expect(source).not.toContain("'node:");
    for (const [, name] of source.matchAll(/from '\.\/(.+?)'/g)) {
      if (name !== undefined && !files.includes(name)) files.push(name);
    }
  }
  expect(files).toContain('events.ts');
});

function userText(settings: string): string {
  const strings = ['id', 'displayName', 'email', 'photoUrl', 'providerId', 'firstName', 'lastName'];
  const contact = 'company jobTitle phoneNumber address1 address2 city state zip country'.split(
    ' ',
  );
  const user = {
    ...Object.fromEntries([...strings, 'userName'].map((name) => [name, ''])),
    createdAt: null,
    lastLogin: null,
    emailVerified: false,
    customClaims: null,
    role: 'ROLE_USER',
    contactInfo: Object.fromEntries(contact.map((name) => [name, ''])),
    disabled: false,
    isOnboarded: false,
    onboardingInfo: [],
    limits: { runningTasks: 0, cpus: 0, queuedTasks: 0 },
  };
  return `${JSON.stringify(user).slice(0, -1)},"settings":${settings}}`;
}
