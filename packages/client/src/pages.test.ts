import { expect, it } from 'vitest';
import { createClient } from './client.ts';
import { json, serve } from './testing/serve.ts';

interface Listed {
  id: string;
}

/** A list of users that is paged; `before` changes it before a page is cut. */
async function serveUsers(users: Listed[], before: (page: number) => void = () => undefined) {
  const server = await serve((request, response) => {
    before(server.requests.length);
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    const offset = Number(query.get('offset'));
    const page = users.slice(offset, offset + Number(query.get('limit')));
    const hasNext = offset + page.length < users.length;
    const pagination = { total: users.length, offset, hasPrevious: offset > 0, hasNext };
    json(response, { users: page.map(userOf), pagination });
  });
  return server;
}

async function idsOf(url: string, limit: number): Promise<string[]> {
  const client = createClient({ baseUrl: url });
  const ids: string[] = [];
  for await (const { id } of client.list('Auth_ListUsers', { query: { limit } })) ids.push(id);
  return ids;
}

const named = (i: number): Listed => ({ id: `u${i}` });

it('every item comes once, in order, over as many pages as it takes', async () => {
  const users = Array.from({ length: 25 }, (_, i) => named(i));
  const server = await serveUsers(users);
  expect(await idsOf(server.url, 10)).toEqual(users.map(({ id }) => id));
  expect(server.requests).toHaveLength(3);
});

it('what new items push onto the next page is not given again', async () => {
  const users = Array.from({ length: 20 }, (_, i) => named(i));
  const server = await serveUsers(users, (page) => {
    if (page === 2) users.unshift({ id: 'new1' }, { id: 'new2' });
  });
  const ids = await idsOf(server.url, 10);
  expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => `u${i}`));
});

it('no page is asked for before it is needed', async () => {
  const server = await serveUsers(Array.from({ length: 30 }, (_, i) => named(i)));
  const client = createClient({ baseUrl: server.url });
  for await (const { id } of client.list('Auth_ListUsers', { query: { limit: 10 } })) {
    if (id === 'u9') break;
  }
  expect(server.requests).toHaveLength(1);
});

it('a list that promises more and gives none ends', async () => {
  const server = await serve((_, response) => {
    const pagination = { total: 9, offset: 0, hasPrevious: false, hasNext: true };
    json(response, { users: [], pagination });
  });
  expect(await idsOf(server.url, 10)).toEqual([]);
});

function userOf({ id }: Listed): object {
  const strings = [
    'displayName email photoUrl providerId firstName lastName userName',
    'company jobTitle phoneNumber address1 address2 city state zip country',
  ].map((names) => Object.fromEntries(names.split(' ').map((name) => [name, ''])));
  return {
    id,
    ...strings[0],
    contactInfo: strings[1],
    settings: {},
    createdAt: null,
    lastLogin: null,
    emailVerified: false,
    customClaims: null,
    role: 'ROLE_USER',
    disabled: false,
    isOnboarded: false,
    onboardingInfo: [],
    limits: { runningTasks: 0, cpus: 0, queuedTasks: 0 },
  };
}
