import { Command, Help } from 'commander';
import { version } from './platform/version.ts';

/** A group of commands, or a command; its module is loaded when it is called. */
interface Entry {
  name: string;
  summary: string;
  load: () => Promise<(command: Command) => void>;
}

const ENTRIES: readonly Entry[] = [
  {
    name: 'up',
    summary: 'start a platform on this machine',
    load: async () => (await import('./commands/up.ts')).defineUp,
  },
  {
    name: 'server',
    summary: 'run one server of several on a PostgreSQL database',
    load: async () => (await import('./commands/server.ts')).defineServer,
  },
  {
    name: 'runner',
    summary: 'work for a platform elsewhere; list, drain and remove its runners',
    load: async () => (await import('./commands/runner/index.ts')).defineRunner,
  },
  {
    name: 'auth',
    summary: 'sign in to a platform',
    load: async () => (await import('./commands/auth.ts')).defineAuth,
  },
  {
    name: 'key',
    summary: 'make, list and revoke API keys',
    load: async () => (await import('./commands/key/index.ts')).defineKey,
  },
  {
    name: 'user',
    summary: 'create, list and disable users (administrators)',
    load: async () => (await import('./commands/user/index.ts')).defineUser,
  },
  {
    name: 'app',
    summary: 'make, push and activate apps',
    load: async () => (await import('./commands/component/index.ts')).defineApp,
  },
  {
    name: 'engine',
    summary: 'the same for partitioners and assemblers',
    load: async () => (await import('./commands/component/index.ts')).defineEngine,
  },
  {
    name: 'template',
    summary: 'make and push job templates',
    load: async () => (await import('./commands/template/index.ts')).defineTemplate,
  },
  {
    name: 'job',
    summary: 'run jobs, watch them, fetch their results',
    load: async () => (await import('./commands/job/index.ts')).defineJob,
  },
  {
    name: 'secret',
    summary: 'store credentials for components and data sources',
    load: async () => (await import('./commands/secret/index.ts')).defineSecret,
  },
  {
    name: 'cache',
    summary: 'put files where tasks find them, list and remove them',
    load: async () => (await import('./commands/cache/index.ts')).defineCache,
  },
  {
    name: 'backup',
    summary: 'write all of a platform into one file, while it runs',
    load: async () => (await import('./commands/backup.ts')).defineBackup,
  },
  {
    name: 'restore',
    summary: 'make a data directory from a backup',
    load: async () => (await import('./commands/restore.ts')).defineRestore,
  },
  {
    name: 'wallet',
    summary: 'the balance, and what was paid and credited',
    load: async () => (await import('./commands/wallet/index.ts')).defineWallet,
  },
  {
    name: 'coupon',
    summary: 'make, list and revoke coupons (administrators)',
    load: async () => (await import('./commands/coupon/index.ts')).defineCoupon,
  },
  {
    name: 'doctor',
    summary: 'look for what keeps a platform from running well',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    name: 'completion',
    summary: 'complete commands in a shell: bash, zsh, fish',
    load: async () => {
      const { defineCompletion } = await import('./commands/completion.ts');
      return (command) => defineCompletion(command, { createProgram, loadCommand });
    },
  },
];

const EXAMPLES = `
Examples:
  bytenite up                                        # a platform on this machine
  bytenite app push examples/hello-world             # send it an app and its template
  bytenite app activate hello-world
  bytenite job run --template hello-world --input hello.txt --param app.case=upper --out results`;

export function createProgram(): Command {
  const help = new Help();
  const program: Command = new Command('bytenite');
  program
    .description('Runs distributed batch jobs on a bytenite platform, and the platform itself.')
    .version(`bytenite ${version()}`, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'explain a command')
    .helpCommand(false)
    .option('--url <url>', 'address of the platform (else BYTENITE_API_URL, `auth`, a local `up`)')
    .option('--api-key <key>', 'API key (else BYTENITE_API_KEY, `auth`, a local `up`)')
    .option('--data-dir <dir>', 'data directory of a local platform (else BYTENITE_DATA_DIR)')
    .configureHelp({
      showGlobalOptions: true,
      // Those of the program: a group's own are of no use to the commands below it.
      visibleGlobalOptions: (command) => (command === program ? [] : [...program.options]),
      optionDescription: (option) =>
        Array.isArray(option.defaultValue) ? option.description : help.optionDescription(option),
    })
    .showHelpAfterError('(--help explains)')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', EXAMPLES);
  for (const { name, summary } of ENTRIES) program.command(name).description(summary);
  program
    .command('version')
    .description('print the version')
    .action(() => console.log(`bytenite ${version()}`));
  program.hook('preSubcommand', async (_, command) => loadCommand(command));
  return program;
}

/** Defines what a group's name stands for. */
export async function loadCommand(group: Command): Promise<void> {
  const entry = ENTRIES.find(({ name }) => name === group.name());
  if (entry !== undefined) (await entry.load())(group);
}
