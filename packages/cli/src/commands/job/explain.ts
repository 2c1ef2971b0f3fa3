import type { ExplainReply } from '@bytenite/contract';
import type { Command } from 'commander';
import { selectJob } from '../../job/select-job.ts';
import { printable } from '../../terminal/escape.ts';
import { formatSeconds } from '../../terminal/format.ts';
import { prettyJson } from '../../terminal/json.ts';
import { paint } from '../../terminal/style.ts';
import { sessionOf } from '../global-options.ts';

const HELP = `
Says what the job waits for, where it is in the queue, and when it may go on, as far as that can be told.

Examples:
  bytenite job explain last
  bytenite job explain last 6b2a4ea9-789e-8a8c-8d49-000000000007
  bytenite job explain last --json`;

export function addExplain(group: Command): void {
  const command = group
    .command('explain')
    .description('say why a job, or one of its tasks, waits or runs slowly')
    .argument('<job>', 'id, or last')
    .argument('[task]', 'id of a task, from job tasks')
    .option('--json', 'print the object')
    .addHelpText('after', HELP)
    .action(async (job: string, task: string | undefined, options: { json?: true }) =>
      explain(command, job, task, options),
    );
}

async function explain(
  command: Command,
  idOrLast: string,
  task: string | undefined,
  options: { json?: true },
): Promise<void> {
  const client = await sessionOf(command);
  const params = { jobId: await selectJob(client, idOrLast) };
  const input = { params, query: task === undefined ? {} : { taskId: task } };
  if (options.json) {
    console.log(prettyJson(await client.text('Customer_ExplainJob', input)));
    return;
  }
  print(params.jobId, await client.call('Customer_ExplainJob', input));
}

function print(id: string, { state, reasons, queue, eta }: ExplainReply): void {
  const name = state.replace('JOB_STATE_', '');
  console.log(`${paint('bold', `Job ${printable(id)}`)} ${name}`);
  for (const { message } of reasons) console.log(`  ${printable(message)}`);
  if (queue.position > 0) console.log(`Place: ${queue.position} in the queue`);
  if (eta.seconds !== null) {
    console.log(`About ${formatSeconds(eta.seconds)} ${printable(eta.basis)}`);
  }
}
