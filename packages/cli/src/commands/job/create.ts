import type { Command } from 'commander';
import { createJob, planJob, uploadInput, type CreateOptions } from '../../job/create-job.ts';
import { untilInterrupted } from '../../job/interrupt.ts';
import { settleDraft } from '../../job/settle-draft.ts';
import { printJson, fieldText } from '../../terminal/json.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';
import { addCreateOptions } from './create-options.ts';

interface Options extends CreateOptions {
  json?: true;
}

export function addCreate(group: Command): void {
  const command = group
    .command('create')
    .description('make a draft, uploading its input; run it later')
    .option('--json', 'print the job')
    .addHelpText(
      'after',
      `
Examples:
  bytenite job create --template word-count --input book.txt
  bytenite job create --app hello-world --url-source https://example.org/a.txt --param app.case=upper`,
    );
  addCreateOptions(command).action(async (options: Options) => {
    const plan = await planJob(options);
    const client = await sessionOf(command);
    const job = await createJob(client, plan.body);
    const { input } = plan;
    if (input !== undefined) {
      await untilInterrupted((signal) => uploadInput(client, job, input, signal)).catch(
        async (error: unknown) => {
          throw await settleDraft(client, job.id, input, error);
        },
      );
    }
    if (options.json) {
      const text = await client.text('Customer_GetJob', { params: { jobId: job.id } });
      printJson(fieldText(text, 'job'));
      return;
    }
    console.log(`Created draft ${printable(job.id)}`);
    console.log(`Run it: bytenite job run ${printable(job.id)}`);
  });
}
