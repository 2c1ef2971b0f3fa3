import type { DataSource, Job, RawJson } from '@bytenite/contract';
import type { Command } from 'commander';
import { tally, tallyWords } from '../../job/progress.ts';
import { selectJob } from '../../job/select-job.ts';
import { stateWords } from '../../job/state-words.ts';
import { printable } from '../../terminal/escape.ts';
import { formatSeconds, formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { paint } from '../../terminal/style.ts';
import { sessionOf } from '../global-options.ts';

export function addGet(group: Command): void {
  const command = group
    .command('get')
    .description('show one job')
    .argument('<job>', 'id, or last')
    .option('--json', 'print the object')
    .addHelpText('after', '\nExamples:\n  bytenite job get last\n  bytenite job get last --json')
    .action(async (idOrLast: string, options: { json?: true }) => {
      const client = await sessionOf(command);
      const params = { jobId: await selectJob(client, idOrLast) };
      if (options.json) {
        printJson(fieldText(await client.text('Customer_GetJob', { params }), 'job'));
        return;
      }
      const { job } = await client.call('Customer_GetJob', { params });
      for (const [label, value] of describe(job)) {
        if (value !== '') console.log(`${paint('bold', label.padEnd(12))} ${printable(value)}`);
      }
    });
}

function describe(job: Job): [label: string, value: string][] {
  const { templateInfo } = job;
  return [
    ['Job', job.id],
    ['Name', job.name],
    ['Description', job.description],
    ['State', stateWords(job)],
    ['Reason', job.failureReason === 'NONE' ? '' : job.failureReason],
    ['Error', job.errorMessage],
    ['Waiting', job.waitingReason],
    ['Tasks', job.numChunks === 0 ? '' : tallyWords(tally(job))],
    ['Template', job.templateId],
    ['App', job.appId],
    ['Partitioner', templateInfo.partitioner],
    ['Assembler', templateInfo.assembler],
    ['Source', sourceWords(job.dataSource)],
    ['Destination', sourceWords(job.dataDestination)],
    ['Parameters', paramsWords(job.params)],
    ['Created', formatTime(job.createdAt)],
    ['Submitted', job.submittedAt === null ? '' : formatTime(job.submittedAt)],
    ['Ended', job.endedAt === null ? '' : formatTime(job.endedAt)],
    ['Duration', job.submittedAt === null ? '' : formatSeconds(job.duration)],
    ['Price', job.paymentAmount === 0 ? '' : `${job.paymentAmount.toFixed(8)} ByteChips`],
  ];
}

function sourceWords(source: DataSource | null): string {
  if (source === null) return '';
  const { url, bucketName, name } = source.params ?? {};
  return [source.dataSourceDescriptor, url, bucketName, name].filter(Boolean).join(' ');
}

function paramsWords(params: Job['params']): string {
  const parts: [string, RawJson][] = [
    ['partitioner', params.partitioner],
    ['app', params.app],
    ['assembler', params.assembler],
  ];
  return parts
    .filter(([, { text }]) => text.replace(/\s/g, '') !== '{}')
    .map(([name, { text }]) => `${name} ${text}`)
    .join('  ');
}
