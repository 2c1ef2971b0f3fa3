import path from 'node:path';
import type { Command } from 'commander';
import { programOf } from '../supervisor/programs.ts';
import type { Check } from '../doctor/check.ts';
import { checkDataDir } from '../doctor/data-dir.ts';
import { checkDatabase } from '../doctor/database.ts';
import { checkMachine } from '../doctor/machine.ts';
import { checkPlatform } from '../doctor/platform.ts';
import { checkRunner } from '../doctor/runner.ts';
import { CliError } from '../errors.ts';
import { defaultDataDir } from '../platform/folders.ts';
import { printable } from '../terminal/escape.ts';
import { plural } from '../terminal/format.ts';
import { paint } from '../terminal/style.ts';
import { globalOptions } from './global-options.ts';

const HELP = `
Looks at this machine and at the platform that commands would talk to. Exit code 1 means that something has
to be put right; a warning is good to know.

Examples:
  bytenite doctor
  bytenite doctor --data-dir /srv/bytenite
  bytenite doctor --url https://bytenite.example.org --json`;

export function defineDoctor(command: Command): void {
  command
    .option('--json', 'print the findings as JSON')
    .addHelpText('after', HELP)
    .action(async ({ json }: { json?: true }) => {
      const checks = await examine(command);
      if (json) console.log(JSON.stringify(checks, null, 2));
      else for (const check of checks) print(check);
      const failed = checks.filter(({ status }) => status === 'fail');
      if (failed.length > 0) {
        throw new CliError(`${plural(failed.length, 'thing')} to put right`, {
          why: failed.map(({ name, message }) => `${name}: ${message}`),
        });
      }
    });
}

async function examine(command: Command): Promise<Check[]> {
  const options = globalOptions(command);
  const dataDir = path.resolve(
    options.dataDir ?? (process.env['BYTENITE_DATA_DIR'] || defaultDataDir()),
  );
  return [
    ...(await checkMachine()),
    ...(await checkRunner(programOf('@bytenite/runner/main'))),
    ...(await checkDataDir(dataDir)),
    await checkDatabase(dataDir, process.env['DATABASE_URL']),
    ...(await checkPlatform(options)),
  ];
}

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
const NAME_WIDTH = 15;

function print({ name, status, message, fix }: Check): void {
  const label = paint(COLOURS[status], status.padEnd(5));
  console.log(`${label} ${name.padEnd(NAME_WIDTH)} ${printable(message)}`);
  if (fix !== '') console.log(`${' '.repeat(6 + NAME_WIDTH)} fix: ${printable(fix)}`);
}
