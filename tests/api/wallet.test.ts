/** The wallet over HTTP (contract 6): what jobs cost, coupons, credit, lists, CSV, the check at run. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createAccount, SHARED } from '../support/accounts.ts';
import { pushComponent } from '../support/components.ts';
import { startPlatform, waitForJob, type Platform } from '../support/platform.ts';
import { createJob, fieldsOf, JOBS, refusal, runJob, send } from './caller.ts';

const WALLET = '/v1/wallet';
const COUPONS = `${WALLET}/admin/coupons`;

let admin: Platform;
let ada: Platform;
let bob: Platform;
let adaId: string;

const BUSY = 'import time\ntime.sleep(0.2)';
const NOTE = '=1+1,"x"';

beforeAll(async () => {
  admin = await startPlatform({ ...SHARED, env: { BYTENITE_EXCHANGE_RATES: 'EUR=0.5' } });
  ada = await createAccount(admin, 'ada');
  bob = await createAccount(admin, 'bob');
  const { user } = await ada.call<{ user: { id: string } }>('GET', '/v1/auth/user');
  adaId = user.id;
  await pushComponent(ada, { name: 'busy', type: 'app', main: BUSY });
  await ada.call('POST', '/v1/dev/templates', { id: 'word-count', app: 'busy' });
});

afterAll(() => admin.close());

interface Transaction {
  id: string;
  amount: number;
  balance: number;
  transactionType: string;
}

async function transactionsOf(platform: Platform): Promise<Transaction[]> {
  const path = `${WALLET}/transactions?limit=1000`;
  return (await platform.call<{ data: Transaction[] }>('GET', path)).data;
}

async function newCoupon(amount: number, more: object = {}): Promise<{ id: string; code: string }> {
  const body = { amount, ...more };
  return (await admin.call<{ coupon: { id: string; code: string } }>('POST', COUPONS, body)).coupon;
}

const redeem = (platform: Platform, couponCode: string) =>
  send(platform, 'POST', `${WALLET}/redeem_coupon`, { couponCode });

async function endedJob(body: object): Promise<{ id: string; paymentAmount: number }> {
  const id = await createJob(ada, body);
  await runJob(ada, id);
  await waitForJob(ada, id);
  const { job } = await ada.call<{ job: { id: string; paymentAmount: number } }>(
    'GET',
    `${JOBS}/${id}`,
  );
  return job;
}

describe('a job', () => {
  test('is paid when it ends, and stays in the book after it is deleted', async () => {
    const { id, paymentAmount } = await endedJob({ templateId: 'word-count', name: 'July count' });
    expect(paymentAmount).toBeGreaterThan(0);
    await ada.call('DELETE', `${JOBS}/${id}`);
    const { body } = await send(ada, 'GET', `${WALLET}/transactions`);
    expect(body.data[0]).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      createdAt: expect.stringMatching(/Z$/),
      accountFrom: adaId,
      accountTo: 'platform',
      amount: paymentAmount,
      transactionType: 'payment',
      relatedEntity: { type: 'job', id, name: 'July count' },
      notes: '',
      transactionData: '',
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      relatedEntityData: {
        type: 'payment',
        id,
        name: 'July count',
        jobName: 'July count',
        jobId: id,
        description: '',
        currency: '',
        currencyAmount: 0,
        exchangeRate: 0,
        couponCode: '',
        jobTemplate: 'word-count',
      },
      description: 'Job with word-count',
      balance: -paymentAmount,
    });
    const { body: balance } = await send(ada, 'GET', `${WALLET}/balance`);
    expect(balance).toEqual({
      accountId: adaId,
      totalBalance: -paymentAmount,
      availableBalance: -paymentAmount,
      amountDue: Number((paymentAmount * 0.0331).toFixed(8)),
    });
    for (const base of ['/v1/computing', '/v1/customer']) {
      expect(await ada.call('GET', `${base}/wallet/balance`)).toEqual(balance);
    }
  });

  test('that is a test costs nothing', async () => {
    const before = await transactionsOf(ada);
    const job = await endedJob({ app: 'busy', config: { isTestJob: true } });
    expect(job.paymentAmount).toBe(0);
    expect(await transactionsOf(ada)).toEqual(before);
  });
});

describe('a coupon', () => {
  test('gives what it is worth, once for each account', async () => {
    const { id, code } = await newCoupon(200, { maxUses: 2, notes: 'welcome' });
    expect(code).toMatch(/^(?:[2-9A-Z]{4}-){3}[2-9A-Z]{4}$/);
    const reply = await redeem(bob, ` ${code.toLowerCase()} `);
    expect(reply.body).toEqual({ id, code, amount: '200' });
    expect(await refusal(bob, 'POST', `${WALLET}/redeem_coupon`, { couponCode: code })).toBe(
      '400/9 coupon has already been used',
    );
    expect((await transactionsOf(bob))[0]).toMatchObject({
      transactionType: 'coupon',
      amount: 200,
      balance: 200,
      description: `Coupon ${code}`,
      relatedEntity: { type: 'coupon', id, name: code },
      relatedEntityData: { couponCode: code, jobId: '' },
    });
    expect((await redeem(admin, code)).status).toBe(200);
    expect(await refusal(ada, 'POST', `${WALLET}/redeem_coupon`, { couponCode: code })).toBe(
      '400/9 coupon has already been used',
    );
  });

  test('with one use is redeemed once, by whoever comes first', async () => {
    const { code } = await newCoupon(7);
    const before = (await Promise.all([ada, bob].map(transactionsOf))).flat().length;
    const replies = await Promise.all(
      [ada, bob, ada, bob, ada, bob].map((who) => redeem(who, code)),
    );
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(replies.filter(({ status }) => status === 400)).toHaveLength(5);
    expect((await Promise.all([ada, bob].map(transactionsOf))).flat()).toHaveLength(before + 1);
  });

  test('that is unknown, revoked, or not there any more is refused', async () => {
    const revoked = await newCoupon(5);
    expect(await refusal(admin, 'POST', `${COUPONS}/${revoked.id}/revoke`)).toBe('200');
    for (const couponCode of ['NO-SUCH-CODE', revoked.code]) {
      expect(await refusal(bob, 'POST', `${WALLET}/redeem_coupon`, { couponCode })).toBe(
        '404/5 coupon not found',
      );
    }
    expect(await refusal(bob, 'POST', `${WALLET}/redeem_coupon`, {})).toBe(
      '400/3 couponCode is required',
    );
    expect(await refusal(admin, 'POST', `${COUPONS}/no-such/revoke`)).toBe(
      '404/5 coupon not found',
    );
  });

  test('is made with a code of its own, in any case, and listed', async () => {
    const { id } = await newCoupon(0.5, { code: 'welcome-2026' });
    expect(await refusal(admin, 'POST', COUPONS, { amount: 1, code: 'WELCOME-2026' })).toBe(
      '409/6 there is a coupon WELCOME-2026 already',
    );
    const { body } = await send(admin, 'GET', `${COUPONS}?limit=1`);
    expect(body).toMatchObject({
      coupons: [{ id, code: 'WELCOME-2026', amount: 0.5, maxUses: 1, uses: 0, revoked: false }],
      pagination: { offset: 0, hasPrevious: false, hasNext: true },
    });
    expect((await redeem(bob, 'Welcome-2026')).body).toMatchObject({ amount: '0.5' });
  });

  test.each<[object, string]>([
    [{}, 'amount'],
    [{ amount: 0 }, 'amount'],
    [{ amount: -1 }, 'amount'],
    [{ amount: 1e9 }, 'amount'],
    [{ amount: 1, code: 'a b' }, 'code'],
    [{ amount: 1, maxUses: 0 }, 'maxUses'],
    [{ amount: 1, expiresAt: 'tomorrow' }, 'expiresAt'],
    [{ amount: 1, expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
  ])('made of %j is refused', async (body, field) => {
    const reply = await send(admin, 'POST', COUPONS, body);
    expect(reply).toMatchObject({ status: 400, body: { code: 3 } });
    expect(fieldsOf(reply)).toEqual([field]);
  });
});

describe('credit', () => {
  test('is given and taken back by an administrator, with a note', async () => {
    const path = `${WALLET}/admin/accounts/${adaId}`;
    const { totalBalance: before } = await admin.call<{ totalBalance: number }>(
      'GET',
      `${path}/balance`,
    );
    const given = await send(admin, 'POST', `${path}/credit`, { amount: '0.3', notes: NOTE });
    expect(given.body).toMatchObject({
      transaction: {
        transactionType: 'topup',
        amount: 0.3,
        accountFrom: 'platform',
        accountTo: adaId,
        notes: NOTE,
      },
    });
    expect((await send(admin, 'POST', `${path}/credit`, { amount: -0.1 })).status).toBe(200);
    const { totalBalance } = await ada.call<{ totalBalance: number }>('GET', `${WALLET}/balance`);
    expect(totalBalance).toBeCloseTo(before + 0.2, 8);
    const seen = await admin.call<{ data: Transaction[] }>('GET', `${path}/transactions?limit=2`);
    expect(seen.data.map(({ amount }) => amount)).toEqual([-0.1, 0.3]);
    expect(await refusal(admin, 'POST', `${path}/credit`, { amount: 0 })).toMatch(
      /^400\/3 amount /,
    );
    expect(
      await refusal(admin, 'POST', `${WALLET}/admin/accounts/nobody/credit`, { amount: 1 }),
    ).toBe('404/5 account not found');
  });

  test('beyond what the book can hold exactly is refused, and nothing is booked', async () => {
    const path = `${WALLET}/admin/accounts/${adaId}/credit`;
    const before = await transactionsOf(ada);
    let reply = '200';
    for (let i = 0; i < 5 && reply === '200'; i++) {
      reply = await refusal(admin, 'POST', path, { amount: 10_000_000 });
    }
    expect(reply).toMatch(/^400\/9 the book holds at most 40000000 ByteChips/);
    const booked = (await transactionsOf(ada)).length - before.length;
    expect(booked).toBeLessThan(5);
    for (let i = 0; i < booked; i++) {
      expect(await refusal(admin, 'POST', path, { amount: -10_000_000 })).toBe('200');
    }
    expect((await transactionsOf(ada))[0]?.balance).toBe(before[0]?.balance);
  });
});

describe('transactions', () => {
  const filter = async (filters: object[], more: object = {}) => {
    const body = { filters, pagination: { limit: 1000 }, ...more };
    const reply = await send(ada, 'POST', `${WALLET}/transactions/filter`, body);
    expect(reply.status).toBe(200);
    return (reply.body as { data: Transaction[] }).data;
  };

  test('each account sees its own transactions', async () => {
    const csv = async (platform: Platform) =>
      (await platform.call<{ csv: string }>('GET', `${WALLET}/transactions/csv`)).csv;
    for (const [platform, other] of [
      [ada, bob],
      [bob, ada],
    ] as const) {
      const text = await csv(platform);
      for (const { id } of await transactionsOf(platform)) expect(text).toContain(id);
      for (const { id } of await transactionsOf(other)) expect(text).not.toContain(id);
    }
  });

  test('are filtered by every scalar field, and ordered', async () => {
    const all = await transactionsOf(ada);
    const [newest] = all;
    const fields = Object.entries(newest ?? {}).filter(([, value]) => typeof value !== 'object');
    expect(fields.map(([field]) => field)).toHaveLength(11);
    for (const [field, value] of fields) {
      const found = await filter([{ field, value }]);
      expect({ field, ids: found.map(({ id }) => id) }).toEqual({
        field,
        ids: all.filter((one) => one[field as 'id'] === value).map(({ id }) => id),
      });
    }
    const payments = await filter([
      { field: 'transactionType', value: 'payment' },
      { field: 'relatedEntityData.jobTemplate', condition: 'LIKE', value: 'word' },
    ]);
    expect(payments.length).toBeGreaterThan(0);
    const amounts = (await filter([], { orderBy: 'amount' })).map(({ amount }) => amount);
    expect(amounts).toEqual(amounts.toSorted((a, b) => a - b));
    const { body } = await send(
      ada,
      'GET',
      `${WALLET}/transactions?limit=1&offset=1&orderBy=-createdAt`,
    );
    expect(body).toMatchObject({
      pagination: { total: all.length, offset: 1, hasPrevious: true },
      data: [{ id: all[1]?.id }],
    });
    expect(await refusal(ada, 'GET', `${WALLET}/transactions?orderBy=colour`)).toMatch(/^400\/3 /);
  });

  test('as CSV are whole and in their order', async () => {
    const { csv } = await ada.call<{ csv: string }>('GET', `${WALLET}/transactions/csv`);
    const lines = csv.trimEnd().split('\r\n');
    expect(lines[0]).toBe('id,createdAt,type,description,amount,currency,currencyAmount,balance');
    const all = (await transactionsOf(ada)).toReversed();
    expect(lines.slice(1).map((line) => line.split(',')[0])).toEqual(all.map(({ id }) => id));
    for (const [i, line] of lines.slice(1).entries()) {
      const [, , type, description, amount, currency, currencyAmount, balance] = line.split(',');
      expect(type).toBe(all[i]?.transactionType);
      expect(description).toMatch(/^(?:Job with |Credit |Coupon )/);
      expect({ currency, currencyAmount }).toEqual({ currency: '', currencyAmount: '0' });
      const numberOf = (cell = '') => Number(cell.replaceAll('"', ''));
      expect(numberOf(amount)).toBeCloseTo(all[i]?.amount ?? Number.NaN, 8);
      expect(numberOf(balance)).toBeCloseTo(all[i]?.balance ?? Number.NaN, 8);
      for (const cell of line.split(',')) expect(cell).not.toMatch(/^[=+\-@]/);
    }
  });
});

describe('the exchange rate', () => {
  test.each([
    ['', { currency: 'USD', currencyAmount: 0, exchangeRate: 0.0331, amount: 0 }],
    ['?amount=200', { currency: 'USD', currencyAmount: 6.62, exchangeRate: 0.0331, amount: 200 }],
    ['?currencyAmount=6.62', { currency: 'USD', currencyAmount: 6.62, amount: 200 }],
    ['?currency=eur&currency_amount=1', { currency: 'EUR', exchangeRate: 0.5, amount: 2 }],
  ])('%s', async (query, expected) => {
    expect(await ada.call('GET', `${WALLET}/exchange_rate${query}`)).toMatchObject(expected);
  });

  test.each(['currency=QQQ', 'amount=1&currencyAmount=1', 'amount=-1', 'amount=much'])(
    'of %s is refused',
    async (query) => {
      expect(await refusal(ada, 'GET', `${WALLET}/exchange_rate?${query}`)).toMatch(/^400\/3 /);
    },
  );
});

test('what needs a payment provider says so; there are no payouts', async () => {
  for (const [method, path] of [
    ['POST', 'top_up'],
    ['POST', 'cancel_top_up'],
    ['GET', 'billing_portal'],
    ['POST', 'payout'],
    ['POST', 'triggers/forceful_balance_recovery'],
  ] as const) {
    expect(await refusal(ada, method, `${WALLET}/${path}`)).toBe(
      '501/12 payments are not configured',
    );
  }
  expect(await ada.call('GET', `${WALLET}/payout_history?limit=5`)).toEqual({
    accountId: adaId,
    payoutRequests: [],
  });
  expect(await ada.call('GET', `${WALLET}/account`)).toMatchObject({
    account: { id: adaId, ownerId: adaId, name: 'ada', payments: false, updatedAt: null },
  });
});

test('the book is whole, and administrators can see that', async () => {
  const check = await admin.call<{ transactions: number }>('GET', `${WALLET}/admin/ledger/check`);
  expect(check).toMatchObject({ ok: true, problems: [], head: expect.stringMatching(/^\w{64}$/) });
  expect(check.transactions).toBeGreaterThan(5);
});

describe('where the operator wants jobs to be paid for', () => {
  let strict: Platform;
  beforeAll(async () => {
    strict = await startPlatform({ env: { BYTENITE_ENFORCE_BALANCE: '1' } });
    const schema = { type: 'object', required: ['word'] };
    await pushComponent(strict, { name: 'busy', type: 'app', main: BUSY, schema });
  });
  afterAll(() => strict.close());

  test('a job without credit is refused after all else is found right, and stays a draft', async () => {
    const id = await createJob(strict, { app: 'busy' });
    const run = () => refusal(strict, 'POST', `${JOBS}/${id}/run`);
    expect(await run()).toMatch(/^400\/3 .*word/);
    await strict.call('PATCH', `${JOBS}/${id}/params`, { app: { word: 'x' } });
    expect(await run()).toBe('400/9 insufficient balance');
    expect((await send(strict, 'GET', `${JOBS}/${id}`)).body.job.state).toBe('JOB_STATE_NEW');

    const { user } = await strict.call<{ user: { id: string } }>('GET', '/v1/auth/user');
    await strict.call('POST', `${WALLET}/admin/accounts/${user.id}/credit`, { amount: 0.00000001 });
    expect(await run()).toBe('200');
    expect(await waitForJob(strict, id)).toMatchObject({ state: 'JOB_STATE_COMPLETE' });

    const params = { app: { word: 'x' } };
    const next = await createJob(strict, { app: 'busy', params });
    expect(await refusal(strict, 'POST', `${JOBS}/${next}/run`)).toBe('400/9 insufficient balance');
    const config = { isTestJob: true };
    expect(await refusal(strict, 'POST', `${JOBS}/${next}/run`, { config })).toBe('200');
  });
});
