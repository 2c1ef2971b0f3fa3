/**
 * Enqueues, claims and completes jobs that do nothing with BullMQ, added in bulk, by one worker of high concurrency.
 * Arguments: path of Redis's socket, number of jobs. Prints the seconds until all are done.
 */
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';

const BATCH = 1000;
const CONCURRENCY = 500;

const [path = '', number = ''] = process.argv.slice(2);
const count = Number(number);
const connect = () => new Redis({ path, maxRetriesPerRequest: null });

const queue = new Queue('bench', { connection: connect() });
const worker = new Worker('bench', async () => {}, {
  connection: connect(),
  concurrency: CONCURRENCY,
});
await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
let done = 0;
// Told after Redis has it.
const finished = new Promise((resolve) => {
  worker.on('completed', () => {
    done += 1;
    if (done === count) resolve(undefined);
  });
});

const startedAt = performance.now();
const opts = { removeOnComplete: true };
for (let from = 0; from < count; from += BATCH) {
  const jobs = Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => ({
    name: 'nothing',
    data: { chunk: from + i },
    opts,
  }));
  await queue.addBulk(jobs);
}
await finished;
console.log(JSON.stringify({ seconds: (performance.now() - startedAt) / 1000 }));

await worker.close();
await queue.close();
process.exit();
