/** Wallet and coupons from the command line. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHome, startUp, type Home, type Up } from './cli.ts';

let home: Home;
let up: Up;
let ada: { env: Record<string, string> };

beforeAll(async () => {
  home = await makeHome();
  up = await startUp(home, ['--allow-shared-process-tier']);
  await home.ok(['user', 'create', 'ada']);
  const key = (await home.ok(['key', 'create', 'first', '--user', 'ada'])).trim();
  ada = { env: { BYTENITE_API_KEY: key, BYTENITE_API_URL: up.url } };
});

afterAll(async () => {
  await up.stop();
  await home.remove();
});

describe('credit', () => {
  it('is given and taken back by an administrator, and seen by the user', async () => {
    expect(await home.ok(['wallet', 'transactions'], ada)).toContain('No transactions yet');
    expect(await home.ok(['wallet', 'credit', 'ada', '200', '--notes', 'a start'])).toBe(
      'Credited ada with 200.00000000 ByteChips; the balance is 200.00000000\n',
    );
    await home.ok(['wallet', 'credit', 'ada', '--', '-0.5']);
    expect(await home.ok(['wallet', 'balance'], ada)).toBe(
      'Total      199.50000000\nAvailable  199.50000000\n',
    );
    expect(await home.ok(['wallet', 'balance', '--user', 'ada'])).toContain('199.50000000');
    const table = await home.ok(['wallet', 'transactions'], ada);
    expect(table).toMatch(
      /topup +Credit by an administrator +200\.00000000 +200\.00000000 +a start/,
    );
    const csv = await home.ok(['wallet', 'transactions', '--csv'], ada);
    expect(csv.split('\r\n')).toHaveLength(4);
    expect(csv).toMatch(/topup,Credit taken back,"-0\.50000000",,0,199\.50000000/);
  });

  it('is nobody else’s to give', async () => {
    const { code, stderr } = await home.run(['wallet', 'credit', 'ada', '1'], ada);
    expect(code).toBe(1);
    expect(stderr).toContain('this needs an administrator');
    const wrong = await home.run(['wallet', 'credit', 'ada', 'much']);
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('must be a number') });
  });
});

describe('a coupon', () => {
  it('is alone on stdout, redeemed once, listed and revoked', async () => {
    const { stdout, stderr } = await home.run(['coupon', 'create', '12.5', '--expires', '90d']);
    const code = stdout.trim();
    expect(code).toMatch(/^(?:[2-9A-Z]{4}-){3}[2-9A-Z]{4}$/);
    const id = /bytenite coupon revoke (\S+)/.exec(stderr)?.[1] ?? '';
    expect(await home.ok(['wallet', 'redeem', code.toLowerCase()], ada)).toBe(
      `Redeemed coupon ${code}: 12.5 ByteChips\n`,
    );
    const again = await home.run(['wallet', 'redeem', code]);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('already been used') });
    expect(await home.ok(['coupon', 'list'])).toMatch(/12\.50000000 +1 of 1 +used/);
    expect(await home.ok(['coupon', 'revoke', id])).toBe(`Revoked coupon ${id}\n`);
    expect(await home.ok(['coupon', 'list'])).toMatch(/1 of 1 +revoked/);
  });
});

it('the book is checked by an administrator', async () => {
  expect(await home.ok(['wallet', 'check'])).toMatch(
    /^\d+ transactions?, all as they were booked\n/,
  );
  expect((await home.run(['wallet', 'check'], ada)).code).toBe(1);
});
