import type { Command } from 'commander';
import { printable } from '../../terminal/escape.ts';
import { sessionOf } from '../global-options.ts';
import { findRunner } from './find-runner.ts';

const DRAIN_HELP = `
It takes no new tasks, also after it or the platform was started anew; those that it has run to their end. When
the list says drained it can be stopped without anything being lost.

Examples:
  bytenite runner drain big-one
  bytenite runner drain big-one@farm --reason "new disk"`;

export function addDrain(group: Command): void {
  const command = group
    .command('drain')
    .description('give a runner no new tasks (administrators)')
    .argument('<runner>', 'its id or its name, as `runner list` shows them')
    .option('--reason <text>', 'why, for whoever looks at the list')
    .addHelpText('after', DRAIN_HELP)
    .action(async (name: string, { reason }: { reason?: string }) => {
      const client = await sessionOf(command);
      const params = { id: await findRunner(client, name) };
      const body = reason === undefined ? {} : { reason };
      const { runner } = await client.call('Auth_DrainRunner', { params, body });
      const rest =
        runner.runningTasks === 0 ? 'it has none' : `it still has ${runner.runningTasks}`;
      console.log(`Runner ${printable(runner.id)} takes no more tasks; ${rest}`);
    });
}

export function addResume(group: Command): void {
  const command = group
    .command('resume')
    .description('give a drained runner tasks again (administrators)')
    .argument('<runner>', 'its id or its name, as `runner list` shows them')
    .addHelpText('after', '\nExample:\n  bytenite runner resume big-one')
    .action(async (name: string) => {
      const client = await sessionOf(command);
      const params = { id: await findRunner(client, name) };
      const { runner } = await client.call('Auth_ResumeRunner', { params });
      console.log(`Runner ${printable(runner.id)} takes tasks`);
    });
}
