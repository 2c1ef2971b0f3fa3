import { z } from 'zod';
import { CACHE_SCOPES } from '../states.ts';

/** `user`, the default, is the caller's own cache; `shared` is read by the tasks of all. */
const scope = z.enum(CACHE_SCOPES).optional();

export const CacheQuery = z.object({ path: z.string().optional(), scope });
export type CacheQuery = z.output<typeof CacheQuery>;

export const CachePathQuery = z.object({ path: z.string().min(1), scope });
export type CachePathQuery = z.output<typeof CachePathQuery>;

export const CacheUploadUrl = z
  .object({ url: z.string(), expiresAt: z.string().meta({ format: 'date-time' }) })
  .meta({ id: 'CacheUploadUrl' });
