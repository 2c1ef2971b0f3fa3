import { CliError } from '../errors.ts';
import { ask } from './ask.ts';

/** Asks before something that cannot be undone. Off a terminal, `--yes` has to say it. */
export async function confirm(question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  const answer = await ask(`${question} [y/N] `, 'say that you mean it: --yes');
  if (/^y(es)?$/i.test(answer)) return;
  throw new CliError('nothing was done');
}
