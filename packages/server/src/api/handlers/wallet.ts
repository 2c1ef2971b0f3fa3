import type { Handlers } from '../handler.ts';
import { serviceInfo } from '../service-info.ts';

export const walletHandlers: Handlers<'wallet'> = {
  Wallet_Info: () => serviceInfo(),
};
