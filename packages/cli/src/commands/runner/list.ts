import type { RunnerInfo } from '@bytenite/contract';
import type { Command } from 'commander';
import { formatTime } from '../../terminal/format.ts';
import { fieldText, printJson } from '../../terminal/json.ts';
import { printList } from '../../terminal/list.ts';
import { sessionOf } from '../global-options.ts';

export function addList(group: Command): void {
  const command = group
    .command('list')
    .description('list the runners of the platform (administrators)')
    .option('--json', 'print the objects')
    .addHelpText('after', '\nExamples:\n  bytenite runner list\n  bytenite runner list --json')
    .action(async (options: { json?: true }) => list(command, options));
}

async function list(command: Command, options: { json?: true }): Promise<void> {
  const client = await sessionOf(command);
  if (options.json) {
    printJson(fieldText(await client.text('Auth_ListRunners'), 'runners'));
    return;
  }
  const { runners } = await client.call('Auth_ListRunners');
  printList({
    columns: [
      { title: 'RUNNER' },
      { title: 'STATE' },
      { title: 'TASKS', align: 'right' },
      { title: 'CPUS', align: 'right' },
      { title: 'GIB', align: 'right' },
      { title: 'GPUS', flexible: true },
      { title: 'TIER' },
      { title: 'HOST', flexible: true },
      { title: 'LABELS', flexible: true },
      { title: 'LAST SEEN' },
      { title: 'WHY', flexible: true },
    ],
    rows: runners.map(rowOf),
    total: runners.length,
    empty: 'No runners. Join one from another machine: bytenite runner --help',
  });
}

function rowOf(runner: RunnerInfo): string[] {
  const { id, state, runningTasks, cpus, memory, gpus, tier, host, labels } = runner;
  return [
    id,
    state.toLowerCase().replace('runner_state_', ''),
    String(runningTasks),
    String(cpus),
    String(memory),
    gpus.join(', '),
    tier,
    host,
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(' '),
    formatTime(runner.lastSeenAt),
    runner.reason,
  ];
}
