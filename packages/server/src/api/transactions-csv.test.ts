import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createApiKey } from '../engine/auth/api-keys.ts';
import { bookTransaction } from '../store/ledger.ts';
import { createTestContext, type TestContext } from '../testing/context.ts';
import { checkAndDispose } from '../testing/invariants.ts';
import { unique } from '../testing/rows.ts';
import { serveApp } from '../testing/serve-app.ts';
import { csvLine } from './csv.ts';

describe('a line of CSV', () => {
  it.each([
    ['plain', 'plain'],
    ['a "b", c', '"a ""b"", c"'],
    ['two\nlines', '"two\nlines"'],
    ['=1+1', `"'=1+1"`],
    ['+1', `"'+1"`],
    ['-1+2', `"'-1+2"`],
    ['@x', `"'@x"`],
    ['\t=1', `"'\t=1"`],
    ['-0.50000000', '"-0.50000000"'],
    ['0.50000000', '0.50000000'],
  ])('has %j as %j', (text, cell) => {
    expect(csvLine(['a', text])).toBe(`a,${cell}\r\n`);
  });
});

describe('the CSV of all transactions', () => {
  let ctx: TestContext;
  beforeEach(async () => {
    ctx = await createTestContext();
  });
  afterEach(() => checkAndDispose(ctx));

  it('has every one of more than are read at once, each once, in order', async () => {
    const account = ctx.account.id;
    const ids = Array.from({ length: 2500 }, () => unique('transaction'));
    await ctx.store.transact(async (tx) => {
      for (const id of ids) {
        await bookTransaction(tx, {
          id,
          created_at: ctx.now(),
          type: 'topup',
          account,
          direction: 'from platform',
          amount: 1,
          description: `"credit", ${id}\n`,
          notes: '',
          entity_id: '',
          entity_name: '',
          template: '',
          job: null,
          run: null,
        });
      }
    });
    const { secret } = await createApiKey(ctx, ctx.account, { name: 'test' });
    const app = await serveApp(ctx);
    try {
      const response = await fetch(`${app.url}/v1/wallet/transactions/csv`, {
        headers: { authorization: secret },
      });
      expect(response.headers.get('content-type')).toBe('application/json');
      const { csv } = (await response.json()) as { csv: string };
      const lines = csv.split('\r\n').slice(1, -1);
      expect(lines.map((line) => line.split(',')[0])).toEqual(ids);
      expect(lines.at(-1)?.endsWith(',0.00000001,,0,0.00002500')).toBe(true);
    } finally {
      await app.close();
    }
  });
});
