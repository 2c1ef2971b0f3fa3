import type { CacheScope, Directory } from '@bytenite/contract';
import type { Caller, CallOptions } from './caller.ts';
import type { TransferOptions } from './transfer.ts';
import { upload, type UploadInput } from './upload.ts';

/** The caller's own cache, unless `scope` says otherwise: `shared` is read by the tasks of all. */
interface OfCache {
  scope?: CacheScope;
}

export interface Cache {
  /** One level: of all, or of a folder. */
  list: (path?: string, options?: OfCache & CallOptions) => Promise<Directory>;
  /** Puts a file where tasks that begin from then on find it; one of the same path is replaced. */
  put: (path: string, input: UploadInput, options?: OfCache & TransferOptions) => Promise<void>;
  /** Removes a file, or a folder with its contents; `/` is everything. */
  delete: (path: string, options?: OfCache & CallOptions) => Promise<void>;
}

export function createCache(client: Caller): Cache {
  const of = (path: string, { scope = 'user' }: OfCache) => ({ query: { path, scope } });
  return {
    list: (path = '', options = {}) =>
      client.call('Developer_ListCache', of(path, options), options),
    async put(path, input, options = {}) {
      const { signal } = options;
      const call = signal === undefined ? {} : { signal };
      const { url } = await client.call('Developer_CacheUploadUrl', of(path, options), call);
      await upload(url, input, { fetch: client.fetch, ...options });
    },
    async delete(path, options = {}) {
      await client.call('Developer_DeleteCache', of(path, options), options);
    },
  };
}
