/** Lists read page by page as one iteration. */
import type { Pagination } from '@bytenite/contract';
import type { Caller, CallOptions } from './caller.ts';
import type { CallId, CallInput, CallReply } from './operations.ts';

/** Calls that answer with a page of something. */
export type PagedCallId = {
  [Id in CallId]: CallReply<Id> extends { pagination: Pagination } ? Id : never;
}[CallId];

type ItemsOf<Reply> = {
  [Key in keyof Reply]: Reply[Key] extends readonly (infer Item)[] ? Item : never;
}[keyof Reply];

/** What a paged call lists. */
export type PageItem<Id extends PagedCallId> = ItemsOf<Omit<CallReply<Id>, 'pagination'>>;

/** The input of a paged call; `limit` is the size of a page, not of the list. */
export type PagedInput<Id extends PagedCallId> = CallInput<Id>;

const PAGE = 200;

/** Far more pages than any platform holds: a server that always promises another one ends here. */
const MAX_PAGES = 1_000_000;

interface LooseInput {
  params?: Record<string, string>;
  query?: { limit?: number; offset?: number };
  body?: { pagination?: { limit?: number; offset?: number } };
}

/**
 * Every item of a list, in its order, each page asked for when it is needed. The list may change meanwhile: new
 * items push others onto the next page, where those that were just given are left out.
 */
export async function* listItems<Id extends PagedCallId>(
  client: Caller,
  id: Id,
  isFilter: boolean,
  input: PagedInput<Id>,
  options: CallOptions,
): AsyncGenerator<PageItem<Id>, void, undefined> {
  const loose = input as LooseInput;
  const given = isFilter ? loose.body?.pagination : loose.query;
  const limit = given?.limit ?? PAGE;
  let offset = given?.offset ?? 0;
  let last = new Set<unknown>();
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const at = { limit, offset };
    const paged = isFilter
      ? { ...loose, body: { ...loose.body, pagination: at } }
      : { ...loose, query: { ...loose.query, ...at } };
    // The types say which calls these are; that any of them is called this way TypeScript cannot follow.
    const call = client.call as (id: string, input: object, options: CallOptions) => Promise<Page>;
    const reply = await call(id, paged, options);
    const items = itemsOf(reply);
    const ids = items.map((item) => item.id);
    for (const item of items) if (!last.has(item.id)) yield item as PageItem<Id>;
    if (!reply.pagination.hasNext || items.length === 0) return;
    last = new Set(ids);
    offset += items.length;
  }
}

interface Item {
  id: string;
}

type Page = { pagination: Pagination } & Record<string, unknown>;

function itemsOf(reply: Page): Item[] {
  const list = Object.entries(reply).find(
    ([name, value]) => name !== 'pagination' && Array.isArray(value),
  );
  return (list?.[1] ?? []) as Item[];
}
