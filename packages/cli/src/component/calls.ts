/** Apps and engines have calls of their own with replies of their own; commands see them alike. */
import type { Client } from '@bytenite/client';
import type { App, Engine, Pagination } from '@bytenite/contract';

export type Kind = 'app' | 'engine';

export interface ComponentCalls {
  /** Takes a base64 tar. */
  push: (data: string) => Promise<App | Engine>;
  /** The object's JSON as the platform sent it. */
  getText: (tag: string) => Promise<string>;
  list: (query: ListQuery) => Promise<{ items: (App | Engine)[]; pagination: Pagination }>;
  listText: (query: ListQuery) => Promise<string>;
  status: (tag: string) => Promise<string>;
  activate: (tag: string) => Promise<void>;
  deactivate: (tag: string) => Promise<void>;
  publish: (tag: string) => Promise<void>;
  unpublish: (tag: string) => Promise<void>;
  /** Copies a public one; `owner` says whose. */
  import: (tag: string, owner: string | undefined) => Promise<App | Engine>;
  delete: (tag: string) => Promise<void>;
  /** The package: a link to it, or its bytes as base64. */
  download: (tag: string) => Promise<{ link: string; data: string }>;
}

interface ListQuery {
  limit: number;
  isPublic?: boolean;
}

/** A package of 64 MiB and a slow line. */
const PUSH_MS = 10 * 60_000;

export function componentCalls(client: Client, kind: Kind): ComponentCalls {
  return kind === 'app' ? appCalls(client) : engineCalls(client);
}

function appCalls(client: Client): ComponentCalls {
  return {
    push: (data) => client.call('Developer_PushApp', { body: { data } }, { timeoutMs: PUSH_MS }),
    getText: (tag) => client.text('Developer_GetApp', { params: { tag } }),
    async list(query) {
      const { apps, pagination } = await client.call('Developer_ListApps', { query });
      return { items: apps, pagination };
    },
    listText: (query) => client.text('Developer_ListApps', { query }),
    status: async (tag) => (await client.call('Developer_AppStatus', { params: { tag } })).message,
    async activate(tag) {
      await client.call('Developer_ActivateApp', { params: { tag } });
    },
    async deactivate(tag) {
      await client.call('Developer_DeactivateApp', { params: { tag } });
    },
    async publish(tag) {
      await client.call('Developer_PublishApp', { params: { tag } });
    },
    async unpublish(tag) {
      await client.call('Developer_UnpublishApp', { params: { tag } });
    },
    async import(tag, owner) {
      const input = { params: { tag }, body: { owner } };
      return (await client.call('Developer_ImportApp', input)).app;
    },
    async delete(tag) {
      await client.call('Developer_DeleteApp', { params: { tag } });
    },
    async download(tag) {
      const { message } = await client.call('Developer_DownloadApp', { params: { tag } });
      return { link: message, data: '' };
    },
  };
}

function engineCalls(client: Client): ComponentCalls {
  return {
    push: (data) => client.call('Developer_PushEngine', { body: { data } }, { timeoutMs: PUSH_MS }),
    getText: (tag) => client.text('Developer_GetEngine', { params: { tag } }),
    async list(query) {
      const { engines, pagination } = await client.call('Developer_ListEngines', { query });
      return { items: engines, pagination };
    },
    listText: (query) => client.text('Developer_ListEngines', { query }),
    status: async (tag) =>
      (await client.call('Developer_EngineStatus', { params: { tag } })).engineStatus,
    async activate(tag) {
      await client.call('Developer_ActivateEngine', { params: { tag } });
    },
    async deactivate(tag) {
      await client.call('Developer_DeactivateEngine', { params: { tag } });
    },
    async publish(tag) {
      await client.call('Developer_PublishEngine', { params: { tag } });
    },
    async unpublish(tag) {
      await client.call('Developer_UnpublishEngine', { params: { tag } });
    },
    async import(tag, owner) {
      return client.call('Developer_ImportEngine', { params: { tag }, body: { owner } });
    },
    async delete(tag) {
      await client.call('Developer_DeleteEngine', { params: { tag } });
    },
    async download(tag) {
      const reply = await client.call('Developer_DownloadEngine', { params: { tag } });
      return { link: reply.engineLink, data: reply.engineData };
    },
  };
}
