import { VERSION, type ServiceInfo } from '@bytenite/contract';
import type { z } from 'zod';

/** `GET /info` of every service but auth, which has no messages. */
export function serviceInfo(): z.output<typeof ServiceInfo> {
  return { version: { ...VERSION }, messages: [] };
}
