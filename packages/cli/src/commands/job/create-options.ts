import { Option, type Command } from 'commander';
import { PRIORITIES } from '../../job/priorities.ts';

/** Options of `create` and `run` that say what the job is. */
export function addCreateOptions(command: Command): Command {
  command
    .option('--template <id>', 'job template')
    .option('--app <tag>', "app, in place of the template's")
    .option('--partitioner <tag>', "partitioner, in place of the template's")
    .option('--assembler <tag>', "assembler, in place of the template's")
    .option('--name <name>', 'name of the job')
    .option('--description <text>', 'what it is for')
    .option('--id <id>', 'an id of your own')
    .option('--input <file>', 'file to upload as the input; - is stdin')
    .option('--url-source <url>', 'address that the platform fetches the input from')
    .option(
      '--param <key=value>',
      'a parameter, like app.case=upper; JSON if it parses, else text; key:=text is always text (repeatable)',
      collect,
      [],
    )
    .addOption(
      new Option(
        '--priority <priority>',
        'its turn among your own jobs; fast before balanced before cheap',
      ).choices(PRIORITIES),
    );
  return addConfigOptions(command);
}

export function addConfigOptions(command: Command): Command {
  return command
    .option(
      '--config <key=value>',
      'like taskTimeout=600 or maxTaskRetries=0 (repeatable)',
      collect,
      [],
    )
    .option(
      '--tolerate <number|percent>',
      'how many chunks may fail, like 3 or 2%; the job completes without them',
    );
}

/** Names of those options that cannot go with a job that exists already. */
export const CREATE_ONLY = [
  'template',
  'app',
  'partitioner',
  'assembler',
  'name',
  'description',
  'id',
  'input',
  'urlSource',
  'priority',
] as const;

function collect(value: string, values: readonly string[]): string[] {
  return [...values, value];
}
