import type { Client } from '@bytenite/client';
import { taskWords } from './state-words.ts';

const PAGE = 1000;

/** Names tasks by their chunk: `chunk 3`. The list is read page by page, only as far as names are asked for. */
export class TaskNames {
  readonly #client: Client;
  readonly #jobId: string;
  readonly #names = new Map<string, string>();
  #pages = 0;
  #hasMore = true;

  constructor(client: Client, jobId: string) {
    this.#client = client;
    this.#jobId = jobId;
  }

  /** For a look at one task only: spares reading the list. */
  async load(taskId: string): Promise<void> {
    const params = { jobId: this.#jobId, taskId };
    const { task } = await this.#client.call('Customer_GetTask', { params });
    this.#names.set(taskId, taskWords(task));
  }

  async nameOf(taskId: string): Promise<string> {
    while (this.#hasMore && !this.#names.has(taskId)) await this.#loadPage();
    return this.#names.get(taskId) ?? taskId;
  }

  /** Tasks of kind APP are made all at once, so a page that has been read stays as it is. */
  async #loadPage(): Promise<void> {
    const query = { kind: ['APP' as const], offset: this.#pages * PAGE, limit: PAGE };
    const params = { jobId: this.#jobId };
    const { data, pagination } = await this.#client.call('Customer_ListTasks', { params, query });
    for (const task of data) this.#names.set(task.id, taskWords(task));
    this.#pages += 1;
    this.#hasMore = pagination.hasNext;
  }
}
