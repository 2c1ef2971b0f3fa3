/** Puts the thumbnails of all tasks, folders kept, into thumbnails.zip; one at a time, whatever their number. */
import { createWriteStream, readdirSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import path from 'node:path';
import { Zip, ZipPassThrough } from 'fflate';
import { directory, fail } from './environment.js';

async function main() {
  const resultsDir = directory('TASK_RESULTS_DIR');
  const output = createWriteStream(path.join(directory('OUTPUT_DIR'), 'thumbnails.zip'));
  const zip = new Zip((error, part) => {
    if (error) fail(error.message);
    output.write(part);
  });
  const names = readdirSync(resultsDir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      path.relative(resultsDir, path.join(entry.parentPath ?? entry.path, entry.name)),
    )
    .sort();
  for (const name of names) {
    // Images are compressed already. The time is fixed, so that equal images give equal bytes.
    const entry = new ZipPassThrough(name);
    entry.mtime = new Date(1980, 0, 1);
    zip.add(entry);
    entry.push(readFileSync(path.join(resultsDir, name)), true);
    if (output.writableNeedDrain) await once(output, 'drain');
  }
  zip.end();
  output.end();
  await once(output, 'finish');
  console.log(`${names.length} thumbnails`);
}

main().catch((error) => fail(error.stack));
