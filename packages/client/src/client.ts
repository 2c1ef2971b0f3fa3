import { createCache, type Cache } from './cache.ts';
import type { Caller, CallOptions } from './caller.ts';
import { createCaller } from './create-caller.ts';
import { createJobs, type Jobs } from './jobs.ts';
import { findOperation } from './operations.ts';
import { listItems, type PagedCallId, type PagedInput, type PageItem } from './pages.ts';
import { createTransport, type TransportOptions } from './transport.ts';

export type ClientOptions = TransportOptions;

type ListArguments<Id extends PagedCallId> =
  Partial<PagedInput<Id>> extends PagedInput<Id>
    ? [input?: PagedInput<Id>, options?: CallOptions]
    : [input: PagedInput<Id>, options?: CallOptions];

export interface Client extends Caller {
  /** Iterates over everything that a paged call lists, page by page as it is needed. */
  list: <Id extends PagedCallId>(
    id: Id,
    ...args: ListArguments<Id>
  ) => AsyncGenerator<PageItem<Id>, void, undefined>;
  /** What is done with jobs, in more than one call where it takes more. */
  jobs: Jobs;
  /** Files that tasks find on whatever machine they run. */
  cache: Cache;
}

/** A client of one platform. Give it an `apiKey`, or a `token` or what brings one. */
export function createClient(options: ClientOptions): Client {
  const caller = createCaller(createTransport(options));
  const list: Client['list'] = (id, ...[input, call]) => {
    const isFilter = findOperation(id).route.method === 'POST';
    return listItems(caller, id, isFilter, (input ?? {}) as never, call ?? {});
  };
  const cache = createCache(caller);
  return { ...caller, list, cache, jobs: createJobs({ ...caller, list }) };
}
