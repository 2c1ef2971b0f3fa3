import type { Argument, Command, Option } from 'commander';

/** What a word of a command line can become. */
export interface Completions {
  candidates: Candidate[];
  /** It may be the name of a file as well: shells know how to complete those. */
  files: boolean;
}

export interface Candidate {
  value: string;
  description: string;
}

const NOTHING: Completions = { candidates: [], files: false };
const FILES: Completions = { candidates: [], files: true };

/**
 * Completes the last of the words behind `bytenite`, which may be empty, from the tree of commands. `load`
 * brings in the commands of a group that loads late.
 */
export async function complete(
  program: Command,
  words: readonly string[],
  load: (group: Command) => Promise<void>,
): Promise<Completions> {
  // Shells that cut at `=` make three words of `--type=app`; so it means what `--type app` does.
  const parts = words.filter((word) => word !== '=').flatMap(cutAtEquals);
  const current = parts.pop() ?? '';
  const place = await follow(program, parts, load);
  const { candidates, files } = completionsAt(place, current);
  return { candidates: candidates.filter(({ value }) => value.startsWith(current)), files };
}

function cutAtEquals(word: string): string[] {
  const [, option, value] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
  return option === undefined || value === undefined ? [word] : [option, value];
}

interface Place {
  command: Command;
  /** The option whose value comes next. */
  option: Option | undefined;
  /** How many arguments the command has so far. */
  count: number;
  /** Behind `--` nothing is an option. */
  isPlain: boolean;
}

async function follow(
  program: Command,
  words: readonly string[],
  load: (group: Command) => Promise<void>,
): Promise<Place> {
  const place: Place = { command: program, option: undefined, count: 0, isPlain: false };
  for (const word of words) {
    const child = place.command.commands.find((command) => command.name() === word);
    if (place.option !== undefined) place.option = undefined;
    else if (place.isPlain) place.count += 1;
    else if (word === '--') place.isPlain = true;
    else if (word.startsWith('-')) place.option = findOption(place.command, word);
    else if (child !== undefined) {
      if (place.command === program) await load(child);
      place.command = child;
    } else place.count += 1;
  }
  return place;
}

/** The option that a word names, where a value follows it. */
function findOption(command: Command, word: string): Option | undefined {
  const option = optionsOf(command).find(({ long, short }) => word === long || word === short);
  return option?.required ? option : undefined;
}

/** A command's options and those that it shares with the commands above it. */
function optionsOf(command: Command): readonly Option[] {
  const above = command.parent === null ? [] : optionsOf(command.parent);
  return [...command.options, ...above.filter(({ long }) => long !== '--version')];
}

function completionsAt({ command, option, count, isPlain }: Place, current: string): Completions {
  if (option !== undefined) return valuesOf(option.argChoices, option.flags);
  if (current.startsWith('-') && !isPlain) {
    const options = [...optionsOf(command), command.createOption('--help', 'explain a command')];
    const candidates = options.map(({ long, description }) => ({ value: long ?? '', description }));
    return { candidates, files: false };
  }
  if (command.commands.length > 0) {
    if (count > 0) return NOTHING;
    const candidates = command.commands.map((child) => ({
      value: child.name(),
      description: child.description(),
    }));
    return { candidates, files: false };
  }
  const argument = argumentAt(command, count);
  if (argument === undefined) return NOTHING;
  if (argument.name() === 'job') return { candidates: [LAST], files: false };
  return valuesOf(argument.argChoices, argument.name());
}

const LAST: Candidate = { value: 'last', description: 'the newest job' };

function argumentAt(command: Command, count: number): Argument | undefined {
  const list = command.registeredArguments;
  const last = list.at(-1);
  return list[count] ?? (last?.variadic ? last : undefined);
}

/** Placeholders that stand for something in the file system. */
const IS_FILE = /\b(file|folder|dir|path|tag)\b/;

function valuesOf(choices: readonly string[] | undefined, placeholder: string): Completions {
  if (choices === undefined) return IS_FILE.test(placeholder) ? FILES : NOTHING;
  return { candidates: choices.map((value) => ({ value, description: '' })), files: false };
}
