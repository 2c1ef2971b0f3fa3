import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { RawJson } from '@bytenite/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { addAccount } from '../../testing/rows.ts';
import { authenticate, forget, signOut } from './authenticate.ts';
import { ensureFirstUser } from './ensure-first-user.ts';
import { exchangeApiKey } from './exchange-api-key.ts';
import { sweepAccessTokens } from './sweep-tokens.ts';
import { hashOf } from './tokens.ts';
import { getUser, updateUser } from './user.ts';

const HOUR = 3600 * 1000;

let ctx: TestContext;

beforeAll(async () => {
  ctx = await createTestContext();
});

// Every test begins before the first start: nobody is there yet.
beforeEach(async () => {
  for (const table of ['access_token', 'api_key', 'account'] as const) {
    await ctx.store.db.deleteFrom(table).execute();
  }
  await rm(keyFile(), { force: true });
  forget(ctx.store);
});

afterAll(async () => {
  await ctx.dispose();
});

const keyFile = () => path.join(ctx.config.dataDir, 'api-key');
const keptKey = async () => (await readFile(keyFile(), 'utf8')).trim();

describe('the first start', () => {
  it('makes an administrator and a key that only its owner can read', async () => {
    const { created, apiKey } = await ensureFirstUser(ctx, null);
    expect(created).toBe(true);
    expect(apiKey).toBe(await keptKey());
    expect((await stat(keyFile())).mode & 0o777).toBe(0o600);
    expect(await authenticate(ctx, apiKey ?? '')).toMatchObject({
      userName: 'admin',
      role: 'ROLE_ADMIN',
    });
  });

  it('takes the key that the operator presets, and does not tell it again', async () => {
    expect(await ensureFirstUser(ctx, ' chosen ')).toEqual({ created: true });
    expect(await keptKey()).toBe('chosen');
    await authenticate(ctx, 'chosen');
  });
});

describe('a later start', () => {
  it('changes nothing', async () => {
    const { apiKey } = await ensureFirstUser(ctx, null);
    expect(await ensureFirstUser(ctx, null)).toEqual({ created: false });
    expect(await keptKey()).toBe(apiKey);
  });

  it('accepts a key that was preset since, and rewrites the file', async () => {
    const { apiKey } = await ensureFirstUser(ctx, null);
    await ensureFirstUser(ctx, 'chosen');
    expect(await keptKey()).toBe('chosen');
    const { id } = await authenticate(ctx, apiKey ?? '');
    expect(await authenticate(ctx, 'chosen')).toMatchObject({ id });
  });

  it('makes a new key when the file is gone, and when its key was revoked', async () => {
    const { apiKey: first } = await ensureFirstUser(ctx, null);
    await rm(keyFile());
    const { created, apiKey: second } = await ensureFirstUser(ctx, null);
    expect(created).toBe(false);
    expect(second).not.toBe(first);
    await ctx.store.db.updateTable('api_key').set({ revoked_at: 1 }).execute();
    const { apiKey: third } = await ensureFirstUser(ctx, null);
    expect(third).not.toBe(second);
    await expect(authenticate(ctx, second ?? '')).rejects.toThrow('invalid token');
    await authenticate(ctx, third ?? '');
  });

  it('gives the key to another administrator when the first one is disabled', async () => {
    await ensureFirstUser(ctx, 'first');
    await ctx.store.db.updateTable('account').set({ disabled: 1 }).execute();
    const second = await addAccount(ctx.store);
    const { apiKey } = await ensureFirstUser(ctx, null);
    expect(await authenticate(ctx, apiKey ?? '')).toMatchObject({ id: second });
    expect(await ensureFirstUser(ctx, null)).toEqual({ created: false });
  });

  it('takes up the key of a start that was cut off before its row was written', async () => {
    await mkdir(ctx.config.dataDir, { recursive: true });
    await writeFile(keyFile(), 'left-behind\n');
    expect(await ensureFirstUser(ctx, null)).toEqual({ created: true });
    await authenticate(ctx, 'left-behind');
  });
});

describe('an access token', () => {
  beforeEach(async () => {
    await ensureFirstUser(ctx, 'key');
  });

  it('is given for a key, with space around it or without', async () => {
    const { token, expiresInSeconds } = await exchangeApiKey(ctx, ' key\n');
    expect(expiresInSeconds).toBe(3600);
    expect(await authenticate(ctx, token)).toEqual(await authenticate(ctx, 'key'));
  });

  it('is stored hashed only, and so is a key', async () => {
    const { token } = await exchangeApiKey(ctx, 'key');
    const rows = JSON.stringify([
      await ctx.store.db.selectFrom('access_token').selectAll().execute(),
      await ctx.store.db.selectFrom('api_key').selectAll().execute(),
    ]);
    expect(rows).not.toContain(token);
    expect(rows).not.toContain('"key"');
    expect(rows).toContain(hashOf(token));
  });

  it.each(['', ' ', 'wrong', 'KEY'])('is not given for %j', async (key) => {
    await expect(exchangeApiKey(ctx, key)).rejects.toMatchObject({
      kind: 'UNAUTHENTICATED',
      message: 'invalid api key',
    });
  });

  it('ends after an hour, and is forgotten then', async () => {
    const { token } = await exchangeApiKey(ctx, 'key');
    await authenticate(ctx, token);
    ctx.advance(HOUR);
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
    await sweepAccessTokens(ctx);
    expect(await ctx.store.db.selectFrom('access_token').selectAll().execute()).toEqual([]);
  });

  it('ends with sign-out at once, others go on', async () => {
    const { token } = await exchangeApiKey(ctx, 'key');
    const { token: other } = await exchangeApiKey(ctx, 'key');
    await authenticate(ctx, token);
    await signOut(ctx, token);
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
    await authenticate(ctx, other);
    await signOut(ctx, 'key');
    await authenticate(ctx, 'key');
  });

  it('is not remembered by a look-up that a sign-out overtook', async () => {
    const { token } = await exchangeApiKey(ctx, 'key');
    const overtaken = authenticate(ctx, token);
    // Where statements go over several connections the look-up may come second, and find nobody.
    await Promise.allSettled([overtaken, signOut(ctx, token)]);
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
  });

  it('ends with its key, and with its account', async () => {
    const { token } = await exchangeApiKey(ctx, 'key');
    await ctx.store.db.updateTable('account').set({ disabled: 1 }).execute();
    forget(ctx.store);
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
    await ctx.store.db.updateTable('account').set({ disabled: 0 }).execute();
    await authenticate(ctx, token);
    await ctx.store.db.updateTable('api_key').set({ revoked_at: ctx.now() }).execute();
    forget(ctx.store);
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
    await expect(exchangeApiKey(ctx, 'key')).rejects.toThrow('invalid api key');
  });

  it('is asked for', async () => {
    await expect(authenticate(ctx, null)).rejects.toThrow('authentication required');
  });
});

describe('a user', () => {
  it('changes by field, and keeps own data as it was written', async () => {
    await ensureFirstUser(ctx, 'key');
    const account = await authenticate(ctx, 'key');
    const settings = new RawJson('{ "zoom": 1.0 }');
    await updateUser(ctx, account, { firstName: 'Ada', contactInfo: { city: 'London' }, settings });
    const answer = new RawJson('{"a" : 1}');
    await updateUser(ctx, account, {
      contactInfo: { zip: 'W1' },
      onboardingInfo: [{ step: 'one', answer }],
    });
    const { row, doc } = await getUser(ctx, account);
    expect(row.user_name).toBe('admin');
    expect(doc).toMatchObject({
      firstName: 'Ada',
      contactInfo: { city: 'London', zip: 'W1' },
      settings: settings.text,
      onboardingInfo: [{ step: 'one', answer: answer.text }],
    });
  });

  it('takes a name that nobody else has', async () => {
    await ensureFirstUser(ctx, 'key');
    const account = await authenticate(ctx, 'key');
    const taken = await addAccount(ctx.store);
    await expect(updateUser(ctx, account, { userName: taken })).rejects.toMatchObject({
      kind: 'ALREADY_EXISTS',
    });
    await expect(updateUser(ctx, account, { userName: taken.toUpperCase() })).rejects.toMatchObject(
      { kind: 'ALREADY_EXISTS' },
    );
    await updateUser(ctx, account, { userName: 'ada' });
    await updateUser(ctx, account, { userName: 'Ada' });
    expect(await authenticate(ctx, 'key')).toMatchObject({ userName: 'Ada' });
  });
});
