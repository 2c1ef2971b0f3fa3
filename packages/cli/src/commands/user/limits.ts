import type { UserLimits } from '@bytenite/contract';
import { InvalidArgumentError, type Command } from 'commander';
import { findUser } from '../../account/find-user.ts';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';

interface Options {
  runningTasks?: number;
  cpus?: number;
  queuedTasks?: number;
  defaults?: true;
}

const HELP = `
Without options it shows what holds for the user. Tasks beyond a limit wait; they take no slot from others.
Whoever has as many unfinished tasks as --queued-tasks says cannot start another job until some are done.

Examples:
  bytenite user limits ada
  bytenite user limits ada --running-tasks 50 --cpus 32
  bytenite user limits ada --queued-tasks none
  bytenite user limits ada --defaults`;

export function addLimits(group: Command): void {
  const command = group
    .command('limits')
    .description('show or change what a user may have at a time')
    .argument('<name>')
    .option('--running-tasks <n>', 'tasks that run, or none', limit)
    .option('--cpus <n>', 'CPUs of the tasks that run, or none', limit)
    .option('--queued-tasks <n>', 'unfinished tasks of running jobs, or none', limit)
    .option('--defaults', 'forget the limits of its own: those of all users hold')
    .addHelpText('after', HELP)
    .action(async (name: string, options: Options) => showOrChange(command, name, options));
}

function limit(text: string): number {
  if (text === 'none') return 0;
  const value = Number(text);
  if (/^\d+$/.test(text) && value > 0) return value;
  throw new InvalidArgumentError('It must be a whole number above 0, or none.');
}

async function showOrChange(command: Command, name: string, options: Options): Promise<void> {
  const client = await sessionOf(command);
  const user = await findUser(client, name);
  const { defaults = false, ...limits } = options;
  const isChange = defaults || Object.keys(limits).length > 0;
  const body = { limits, defaultLimits: defaults };
  const shown = isChange
    ? (await client.call('Auth_ChangeUser', { params: { id: user.id }, body })).user
    : user;
  print(shown.userName, shown.limits);
}

function print(name: string, { runningTasks, cpus, queuedTasks }: UserLimits): void {
  const rows = [
    ['Running tasks', runningTasks],
    ['CPUs', cpus],
    ['Queued tasks', queuedTasks],
  ] as const;
  console.log(`Limits of ${printable(name)}`);
  for (const [title, value] of rows) {
    console.log(`${title.padEnd(14)} ${value === 0 ? 'none' : value}`);
  }
}
