import { Argument, type Command } from 'commander';
import { complete } from '../completion/complete.ts';
import { completionScript, SHELLS, type Shell } from '../completion/scripts.ts';

const HELP = `
With words behind --, it prints instead what the last of them can become: the scripts call it so.

Examples:
  bytenite completion fish > ~/.config/fish/completions/bytenite.fish
  echo 'source <(bytenite completion bash)' >> ~/.bashrc
  echo 'source <(bytenite completion zsh)' >> ~/.zshrc       # below the line with compinit`;

/** The tree of commands as it is before anything is called, and how its groups are brought in. */
interface Tree {
  createProgram: () => Command;
  loadCommand: (group: Command) => Promise<void>;
}

export function defineCompletion(command: Command, tree: Tree): void {
  command
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .argument('[words...]', 'a command line to complete')
    .addHelpText('after', HELP)
    .action(async (shell: Shell, words: string[]) => {
      if (words.length > 0) await printCompletions(words, tree);
      else process.stdout.write(completionScript(shell, thisCommand()));
    });
}

/** The script calls the very program that wrote it, whatever alias or path it was called by. */
function thisCommand(): string[] {
  return [process.execPath, ...process.argv.slice(1, 2)];
}

async function printCompletions(words: readonly string[], tree: Tree): Promise<void> {
  const { candidates, files } = await complete(tree.createProgram(), words, tree.loadCommand);
  const lines = candidates.map(({ value, description }) => `${value}\t${description}`);
  if (files) lines.push(':files');
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}
