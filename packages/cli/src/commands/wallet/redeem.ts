import type { Command } from 'commander';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

export function addRedeem(group: Command): void {
  const command = group
    .command('redeem')
    .description('add what a coupon is worth')
    .argument('<code>', 'in any case')
    .addHelpText('after', '\nExample:\n  bytenite wallet redeem ABCD-EFGH-JKMN-PQRS')
    .action(async (couponCode: string) => {
      const client = await sessionOf(command);
      const { code, amount } = await client.call('Wallet_RedeemCoupon', { body: { couponCode } });
      console.log(`Redeemed coupon ${printable(code)}: ${amount} ByteChips`);
    });
}
