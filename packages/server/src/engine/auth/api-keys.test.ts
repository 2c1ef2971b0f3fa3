import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestContext, type TestContext } from '../../testing/context.ts';
import { addAccount } from '../../testing/rows.ts';
import { createApiKey, endApiKey, viewApiKeys } from './api-keys.ts';
import { authenticate, forget } from './authenticate.ts';
import { ensureFirstUser } from './ensure-first-user.ts';
import { exchangeApiKey } from './exchange-api-key.ts';

const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;

let ctx: TestContext;
beforeEach(async () => {
  ctx = await createTestContext();
});
afterEach(() => ctx.dispose());

const create = (duration?: string | number) =>
  createApiKey(ctx, ctx.account, { name: 'ci', duration });
const keys = () => viewApiKeys(ctx, ctx.account);

describe('a new key', () => {
  it('opens its account, has 256 random bits, and is stored nowhere', async () => {
    const { secret, row } = await create();
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(await authenticate(ctx, secret)).toMatchObject({ id: ctx.account.id, keyId: row.id });
    expect(JSON.stringify(await keys())).not.toContain(secret);
    expect(row.fingerprint).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){3}$/);
    expect((await create()).secret).not.toBe(secret);
  });

  it('lives for a year, or as long as it is told to', async () => {
    expect((await create()).row.expires_at).toBe(ctx.now() + YEAR);
    const { secret, row } = await create('120s');
    expect(row.expires_at).toBe(ctx.now() + 2 * MINUTE);
    const { token } = await exchangeApiKey(ctx, secret);
    await authenticate(ctx, token);
    ctx.advance(2 * MINUTE);
    await expect(authenticate(ctx, secret)).rejects.toThrow('invalid token');
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
    await expect(exchangeApiKey(ctx, secret)).rejects.toThrow('invalid api key');
  });

  it('is refused for a time that is none, with the field', async () => {
    await expect(create('soon')).rejects.toMatchObject({
      kind: 'INVALID_ARGUMENT',
      violations: [{ field: 'duration' }],
    });
    expect(await keys()).toEqual([]);
  });

  it('is one of a limited number in use', async () => {
    const { row } = await create();
    const rows = Array.from({ length: 999 }, (_, i) => ({ ...row, id: `k${i}`, hash: `h${i}` }));
    await ctx.store.db.insertInto('api_key').values(rows).execute();
    await expect(create()).rejects.toMatchObject({ kind: 'FAILED_PRECONDITION' });
    await endApiKey(ctx, ctx.account, 'k1');
    await create();
  });
});

it('keys are listed the newest first, ended ones too', async () => {
  const made = [];
  for (let i = 0; i < 3; i++) {
    made.unshift((await create()).row.id);
    ctx.advance(1);
  }
  await endApiKey(ctx, ctx.account, made[1] ?? '');
  expect((await keys()).map(({ id, revoked_at }) => [id, revoked_at])).toEqual([
    [made[0], null],
    [made[1], ctx.now()],
    [made[2], null],
  ]);
});

describe('a revoked key', () => {
  it('ends at once with its tokens; revoking it again is fine and changes nothing', async () => {
    const { secret, row } = await create();
    const { token } = await exchangeApiKey(ctx, secret);
    const other = await create();
    for (const credential of [secret, token, other.secret]) await authenticate(ctx, credential);
    await endApiKey(ctx, ctx.account, row.id);
    for (const credential of [secret, token]) {
      await expect(authenticate(ctx, credential)).rejects.toThrow('invalid token');
    }
    await authenticate(ctx, other.secret);
    const [before] = (await keys()).filter(({ id }) => id === row.id);
    ctx.advance(MINUTE);
    await endApiKey(ctx, ctx.account, row.id);
    expect((await keys()).find(({ id }) => id === row.id)).toEqual(before);
  });

  it('that the operator presets again comes back without its tokens', async () => {
    await ensureFirstUser(ctx, 'preset');
    const { token } = await exchangeApiKey(ctx, 'preset');
    const { keyId, id } = await authenticate(ctx, 'preset');
    await endApiKey(ctx, { id }, keyId);
    await ensureFirstUser(ctx, 'preset');
    await authenticate(ctx, 'preset');
    await expect(authenticate(ctx, token)).rejects.toThrow('invalid token');
  });

  it('is one of the own account', async () => {
    const { secret, row } = await create();
    const stranger = { id: await addAccount(ctx.store) };
    for (const id of [row.id, 'no-such-key']) {
      await expect(endApiKey(ctx, stranger, id)).rejects.toThrow('api key not found');
    }
    expect(await viewApiKeys(ctx, stranger)).toEqual([]);
    await authenticate(ctx, secret);
  });
});

describe('the last use of a key', () => {
  const usedAt = async () => (await keys())[0]?.last_used_at;

  it('is there at its first use, by a token too, and is written once a minute', async () => {
    const { secret } = await create();
    expect(await usedAt()).toBeNull();
    const first = ctx.now();
    const { token } = await exchangeApiKey(ctx, secret);
    await authenticate(ctx, token);
    expect(await usedAt()).toBe(first);
    ctx.advance(MINUTE - 1);
    forget(ctx.store);
    await authenticate(ctx, secret);
    expect(await usedAt()).toBe(first);
    ctx.advance(1);
    forget(ctx.store);
    await authenticate(ctx, secret);
    expect(await usedAt()).toBe(first + MINUTE);
  });

  it('that cannot be stored keeps nobody out', async () => {
    const { secret } = await create();
    const { refuse, allow } = REFUSALS[ctx.store.dialect];
    await refuse.execute(ctx.store.db);
    expect(await authenticate(ctx, secret)).toMatchObject({ id: ctx.account.id });
    await allow.execute(ctx.store.db);
    expect(await usedAt()).toBeNull();
  });
});

/** Makes the database refuse to store the use of a key, and lets it again. */
const REFUSALS = {
  sqlite: {
    refuse: sql`create trigger unusable before update on api_key
      begin select raise(abort, 'disk full'); end`,
    allow: sql`drop trigger unusable`,
  },
  postgres: {
    refuse: sql`alter table api_key add constraint unusable check (last_used_at is null)`,
    allow: sql`alter table api_key drop constraint unusable`,
  },
};
