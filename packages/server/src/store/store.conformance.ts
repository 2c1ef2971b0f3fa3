import { afterEach, beforeEach, describe } from 'vitest';
import { describeComponents } from './components.conformance.ts';
import { describeJobList } from './job-list.conformance.ts';
import { describeJobs } from './jobs.conformance.ts';
import { describeLedger } from './ledger.conformance.ts';
import { describeLeases } from './leases.conformance.ts';
import { describeQueue } from './queue.conformance.ts';
import { describeRecords } from './records.conformance.ts';
import { describeRunners } from './runners.conformance.ts';
import { describeSchema } from './schema.conformance.ts';
import { describeSteps } from './steps.conformance.ts';
import type { Fixture } from '../testing/store-fixture.ts';
import type { Store } from './store.ts';
import { describeTaskList } from './task-list.conformance.ts';
import { describeTasks } from './tasks.conformance.ts';

/** An empty database; opening it again finds what was written. */
export interface StorePlace {
  open: () => Promise<Store>;
  release?: () => Promise<void>;
}

/** What every store promises, whatever database is behind it. */
export function describeStore(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`store: ${name}`, () => {
    let place: StorePlace;
    let store: Store;
    const fixture: Fixture = {
      get store() {
        return store;
      },
      async reopen() {
        await store.close();
        store = await place.open();
        return store;
      },
    };

    beforeEach(async () => {
      place = await makePlace();
      store = await place.open();
    });

    afterEach(async () => {
      await store.close();
      await place.release?.();
    });

    describeSchema(fixture);
    describeJobs(fixture);
    describeJobList(fixture);
    describeTasks(fixture);
    describeTaskList(fixture);
    describeLeases(fixture);
    describeQueue(fixture);
    describeSteps(fixture);
    describeRecords(fixture);
    describeRunners(fixture);
    describeComponents(fixture);
    describeLedger(fixture);
  });
}
