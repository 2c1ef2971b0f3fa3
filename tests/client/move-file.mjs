/** Sends a file through a job and fetches what comes out of it; prints by how much memory grew meanwhile. */
import { createClient } from '@bytenite/client';
import { downloadResults, fileInput } from '@bytenite/client/node';

const [file = '', out = ''] = process.argv.slice(2);
const { BYTENITE_URL: baseUrl = '', BYTENITE_KEY: apiKey = '' } = process.env;
const client = createClient({ baseUrl, apiKey });
await client.call('Customer_Info');
const peak = () => process.resourceUsage().maxRSS / 1024;
const before = peak();
const { job } = await client.jobs.runAndWait({ app: 'copy' }, { input: await fileInput(file) });
await downloadResults(client, job.id, out);
process.stdout.write(JSON.stringify({ grownMiB: Math.round(peak() - before) }));
