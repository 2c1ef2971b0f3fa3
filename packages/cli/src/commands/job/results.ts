import type { Command } from 'commander';
import { downloadResults } from '../../job/download-results.ts';
import { explainFailure } from '../../job/explain-failure.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import { selectJob } from '../../job/select-job.ts';
import { jobState } from '../../job/state-words.ts';
import { printable } from '../../terminal/escape.ts';
import { formatBytes, plural } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { openOutFolder } from '../../terminal/out-folder.ts';
import { sessionOf } from '../global-options.ts';

export function addResults(group: Command): void {
  const command = group
    .command('results')
    .description('list the results of a complete job, or download them')
    .argument('<job>', 'id, or last')
    .option('--out <dir>', 'download them to this folder')
    .option('--json', 'print the objects, with their links')
    .addHelpText(
      'after',
      '\nExamples:\n  bytenite job results last\n  bytenite job results last --out results',
    )
    .action(async (idOrLast: string, options: { out?: string; json?: true }) => {
      const client = await sessionOf(command);
      const jobId = await selectJob(client, idOrLast);
      const { job } = await client.call('Customer_GetJob', { params: { jobId } });
      if (jobState(job) === 'FAILED') throw await explainFailure(client, job);
      const { out } = options;
      if (out !== undefined) {
        openOutFolder(out);
        const { files, bytes } = await untilInterrupted((signal) =>
          downloadResults(client, jobId, out, signal),
        );
        process.stderr.write(`${plural(files, 'file')}, ${formatBytes(bytes)}, in ${out}\n`);
      }
      if (options.json) {
        const text = await client.text('Customer_GetResults', { params: { jobId } });
        printJson(fieldText(text, 'results'));
      } else if (out === undefined) {
        const { results } = await client.call('Customer_GetResults', { params: { jobId } });
        if (results.length === 0) console.log('The job delivered no files.');
        for (const { name } of results) console.log(printable(name));
      }
    });
}
