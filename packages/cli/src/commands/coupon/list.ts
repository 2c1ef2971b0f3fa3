import type { Coupon } from '@bytenite/contract';
import type { Command } from 'commander';
import { formatByteChips, formatTime } from '../../terminal/format.ts';
import { printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';
import { limitOption } from '../limit-option.ts';

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list coupons, the newest first')
    .addOption(limitOption(100))
    .option('--json', 'print the objects')
    .addHelpText('after', '\nExample:\n  bytenite coupon list')
    .action(async (options: { limit: number; json?: true }) => {
      const client = await sessionOf(command);
      const query = { limit: options.limit };
      const { coupons, pagination } = await client.call('Wallet_ListCoupons', { query });
      if (options.json) {
        printJson(JSON.stringify(coupons));
        return;
      }
      printList({
        columns: [
          { title: 'CODE' },
          { title: 'AMOUNT', align: 'right' },
          { title: 'USES' },
          { title: 'STATE' },
          { title: 'EXPIRES' },
          { title: 'NOTES', flexible: true },
          { title: 'ID' },
        ],
        rows: coupons.map((coupon) => [
          coupon.code,
          formatByteChips(coupon.amount),
          `${coupon.uses} of ${coupon.maxUses}`,
          stateOf(coupon),
          formatTime(coupon.expiresAt),
          coupon.notes,
          coupon.id,
        ]),
        total: pagination.total,
        empty: 'No coupons. Make one: bytenite coupon create AMOUNT',
      });
    });
}

function stateOf({ revoked, expiresAt, uses, maxUses }: Coupon): string {
  if (revoked) return 'revoked';
  if (expiresAt !== null && Date.parse(expiresAt) <= Date.now()) return 'expired';
  return uses >= maxUses ? 'used' : 'open';
}
