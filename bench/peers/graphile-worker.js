/**
 * Enqueues, claims and completes jobs that do nothing, with the batching of graphile-worker's page on performance.
 * Arguments: connection string, number of jobs. Prints the seconds until all are done and gone.
 */
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import { Pool } from 'pg';

const BATCH = 10_000;
const CONCURRENCY = 24;

const [connectionString = '', number = ''] = process.argv.slice(2);
const count = Number(number);

const preset = {
  worker: {
    connectionString,
    // A line for each job would be most of what is measured.
    logger: new Logger(() => () => {}),
    concurrentJobs: CONCURRENCY,
    maxPoolSize: CONCURRENCY + 1,
    localQueue: { size: 500 },
    completeJobBatchDelay: 0,
    failJobBatchDelay: 0,
  },
};

const utils = await makeWorkerUtils({ preset });
await utils.migrate();
const pool = new Pool({ connectionString, max: 1 });
let done = 0;
let allDone = () => {};
const runner = await run({
  preset,
  noHandleSignals: true,
  taskList: {
    nothing: () => {
      done += 1;
      if (done === count) allDone();
    },
  },
});
const finished = new Promise((resolve) => (allDone = () => resolve(undefined)));

const startedAt = performance.now();
for (let from = 0; from < count; from += BATCH) {
  const jobs = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => ({
    identifier: 'nothing',
    payload: { chunk: from + i },
  }));
  await utils.addJobs(jobs);
}
await finished;
while ((await left()) > 0);
console.log(JSON.stringify({ seconds: (performance.now() - startedAt) / 1000 }));

await runner.stop();
await utils.release();
await pool.end();

/** Jobs that are not completed in the database. */
async function left() {
  const { rows } = await pool.query('select count(*)::int as n from graphile_worker._private_jobs');
  return rows[0].n;
}
