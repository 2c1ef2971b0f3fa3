/** Counts the words of a file with the word-count example: node count-words.js FILE [MIN_LENGTH] */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createClient, JobFailedError } from '@bytenite/client';
import { downloadResults, fileInput } from '@bytenite/client/node';

interface Count {
  word: string;
  count: number;
}

const [file = 'book.txt', minLength = '4'] = process.argv.slice(2);
const client = createClient({
  baseUrl: process.env['BYTENITE_API_URL'] ?? 'http://127.0.0.1:4280',
  apiKey: process.env['BYTENITE_API_KEY'] ?? '',
});

try {
  const { job } = await client.jobs.runAndWait(
    { templateId: 'word-count', params: { app: { min_length: Number(minLength) } } },
    {
      input: await fileInput(file),
      onUpdate: ({ state }) => console.error(state),
      signal: AbortSignal.timeout(600_000),
    },
  );
  await downloadResults(client, job.id, 'results');
  const words = JSON.parse(await readFile(path.join('results', 'words.json'), 'utf8')) as Count[];
  for (const { word, count } of words.slice(0, 10)) console.log(`${count}\t${word}`);
} catch (error) {
  if (!(error instanceof JobFailedError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
