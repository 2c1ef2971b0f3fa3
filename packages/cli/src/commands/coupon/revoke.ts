import type { Command } from 'commander';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addRevoke(group: Command): void {
  const command = group
    .command('revoke')
    .description('end coupons; what was redeemed stays')
    .argument('<id...>', 'ids, as `coupon list` shows them')
    .addHelpText(
      'after',
      '\nExample:\n  bytenite coupon revoke 0197ce1a-5d8e-7c41-9f0e-2a6b8c1d3e5f',
    )
    .action(async (ids: string[]) => {
      const client = await sessionOf(command);
      for (const id of ids) {
        await client.call('Wallet_RevokeCoupon', { params: { id } });
        console.log(`Revoked coupon ${printable(id)}`);
      }
    });
}
