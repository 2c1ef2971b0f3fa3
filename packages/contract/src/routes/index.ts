import type { Routes, ServiceName } from '../route.ts';
import { authRoutes } from './auth.ts';
import { customerRoutes } from './customer.ts';
import { devRoutes } from './dev.ts';
import { walletRoutes } from './wallet.ts';

/** Every call of the contract, by service and operation id. */
export const ROUTES = {
  auth: authRoutes,
  customer: customerRoutes,
  dev: devRoutes,
  wallet: walletRoutes,
} as const satisfies Record<ServiceName, Routes>;
