import type { ServiceName } from '@bytenite/contract';
import type { Handlers } from '../handler.ts';
import { authHandlers } from './auth.ts';
import { customerHandlers } from './customer.ts';
import { devHandlers } from './dev.ts';
import { walletHandlers } from './wallet.ts';

/** The handler of every call that is done. */
export const HANDLERS: { [S in ServiceName]: Handlers<S> } = {
  auth: authHandlers,
  customer: customerHandlers,
  dev: devHandlers,
  wallet: walletHandlers,
};
