/** After all kills: a sweep for which nothing is too young leaves what rows name, and nothing else. */
import { ageObjects, metricOf, storedKeys } from '../support/blobs.ts';
import { until, type Platform } from '../support/platform.ts';
import type { Database } from './database.ts';

const SWEEP_MS = 120_000;

const NAMED = `select blob_key as key from revision union select key from log_pack union select key from upload
  union select source_key from task union select result_key from task union select input from step
  union select key from output union select key from cache_file`;

/** What is wrong; all jobs have ended. */
export async function checkSweep(platform: Platform, database: Database): Promise<string[]> {
  await platform.server.kill();
  await ageObjects(platform, (sql) => database.write(sql));
  await platform.startServer();
  await until(SWEEP_MS, 'the sweep of orphans to end', async () =>
    (await metricOf(platform, 'bytenite_orphan_sweeps_total')) >= 1 ? true : null,
  );
  const stored = await storedKeys(platform);
  const garbage = await database.rows<{ prefix: string }>('select prefix from gc');
  const isGarbage = (key: string) =>
    garbage.some(({ prefix }) => key === prefix || key.startsWith(`${prefix}/`));
  const named = new Set(
    (await database.rows<{ key: string | null }>(NAMED)).flatMap(({ key }) =>
      key === null || key === '' ? [] : [key],
    ),
  );
  const folders = new Set([...named].map((key) => stepFolder(key)).filter(Boolean));
  return [
    ...stored
      // Servers that share files know by it that they do.
      .filter((key) => !key.startsWith('installation/'))
      .filter((key) => !named.has(key) && !folders.has(stepFolder(key)) && !isGarbage(key))
      .map((key) => `${key} is named by no row and was not swept`),
    ...[...named]
      .filter((key) => !stored.includes(key) && !isGarbage(key))
      .map((key) => `${key} is named by a row and is gone`),
  ];
}

/** What a step wrote lies together: an index, and what is named in there. */
function stepFolder(key: string): string {
  return /^job\/\d+\/data\/[a-z]+-\d+-\d+\//.exec(key)?.[0] ?? '';
}
