import { describe } from 'vitest';
import { openTestStore, POSTGRES_URL, takeDatabase } from '../testing/postgres.ts';
import { describeStore } from './store.conformance.ts';

describe.skipIf(POSTGRES_URL === undefined)('PostgreSQL', () => {
  describeStore('postgres', async () => {
    const { url, release } = await takeDatabase();
    return { open: () => openTestStore(url), release };
  });
});
