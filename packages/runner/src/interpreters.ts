/**
 * Interpreter by extension (contract 8.1), each resolved once to its real binary: a version manager's
 * shim costs a multiple of the start and reads the home folder, which a task's uid cannot.
 */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { extname, isAbsolute, join } from 'node:path';

interface Rule {
  names: string[];
  /** Arguments that make the interpreter print its real path on one line. */
  probe: string[];
  packageHint: string;
}

// A virtual environment is found by the path of its link, so only other pythons are resolved further.
const PYTHON_PROBE =
  'import os,sys;e=sys.executable;print(os.path.realpath(e) if sys.prefix==sys.base_prefix else e)';

/** What a Python outside of the system's folders is made of. */
const PYTHON_FOLDERS_PROBE = 'import sys;print(sys.prefix);print(sys.base_prefix)';

const RULES: Record<string, Rule> = {
  '.py': { names: ['python3', 'python'], probe: ['-c', PYTHON_PROBE], packageHint: 'python3' },
  '.sh': { names: ['sh'], probe: ['-c', 'command -v sh'], packageHint: 'dash' },
  '.js': node(),
  '.mjs': node(),
  '.cjs': node(),
  '.rb': { names: ['ruby'], probe: ['-e', 'puts RbConfig.ruby'], packageHint: 'ruby' },
  '.pl': { names: ['perl'], probe: ['-e', 'print $^X'], packageHint: 'perl' },
  '.R': { names: ['Rscript'], probe: ['-e', 'cat(Sys.which("Rscript"))'], packageHint: 'r-base' },
};

const SYSTEM_ROOT = '/usr/';
const SYSTEM_FOLDERS = ['/usr/bin', '/usr/local/bin', '/bin'];
const PROBE_TIMEOUT_MS = 10_000;

export class MissingInterpreterError extends Error {
  override name = 'MissingInterpreterError';
}

export class Interpreters {
  private readonly folders = new Map<string, Promise<string[]>>();
  private readonly resolved = new Map<string, Promise<string>>();

  private readonly python: string | null;
  private readonly uid: number | null;
  private readonly searchPath: string;

  constructor(python: string | null, uid: number | null, searchPath: string) {
    this.python = python;
    this.uid = uid;
    this.searchPath = searchPath;
  }

  /** The command line of an entrypoint; the interpreter's path comes first. */
  async command(dir: string, entrypoint: string): Promise<[string, ...string[]]> {
    const extension = extname(entrypoint);
    const rule = RULES[extension];
    if (!rule) return [join(dir, entrypoint)];
    // A name that looks like an option is none.
    const script = entrypoint.startsWith('-') ? `./${entrypoint}` : entrypoint;
    return [await this.resolve(extension, rule), script];
  }

  /** The real python3, for the launcher and the log. */
  resolvePython(): Promise<string> {
    return this.resolve('.py', RULES['.py'] as Rule);
  }

  /** Folders that the interpreter needs beside the system's own; the file alone where it is no Python. */
  foldersOf(path: string): string[] | Promise<string[]> {
    if (path.startsWith(SYSTEM_ROOT)) return [];
    const python = this.resolved.get('python3');
    const known = this.folders.get(path);
    if (known) return known;
    const found = this.findFolders(path, python);
    this.folders.set(path, found);
    // Asked again next time, like the interpreter itself: one look that took too long is no answer.
    found.catch(() => this.folders.delete(path));
    return found;
  }

  private async findFolders(path: string, python: Promise<string> | undefined): Promise<string[]> {
    if ((await python) !== path) return path.startsWith('/bin/') ? [] : [path];
    const lines = await execute(path, ['-c', PYTHON_FOLDERS_PROBE], this.uid);
    const outside = lines.filter((line) => isAbsolute(line) && !line.startsWith(SYSTEM_ROOT));
    return [...new Set(outside)];
  }

  /** Every interpreter by its name; null where this machine has none that tasks can run. */
  async findAll(): Promise<Record<string, string | null>> {
    const rules = Object.entries(RULES).map(async ([extension, rule]) => {
      const found = this.resolve(extension, rule).catch((error: unknown) => {
        if (error instanceof MissingInterpreterError) return null;
        throw error;
      });
      return [rule.names[0] as string, await found] as const;
    });
    return Object.fromEntries(await Promise.all(rules));
  }

  private resolve(extension: string, rule: Rule): Promise<string> {
    const key = rule.names[0] as string;
    const known = this.resolved.get(key);
    if (known) return known;
    const found = this.find(extension, rule);
    this.resolved.set(key, found);
    // Asked again next time: it may be installed by then.
    found.catch(() => this.resolved.delete(key));
    return found;
  }

  private async find(extension: string, rule: Rule): Promise<string> {
    const failures: string[] = [];
    for (const candidate of this.candidates(extension, rule)) {
      try {
        return await probe(candidate, rule.probe, this.uid);
      } catch (error) {
        failures.push(`${candidate}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    if (extension === '.py' && this.python) {
      throw new MissingInterpreterError(`--python does not work: ${failures.join('; ')}`);
    }
    const tried = failures.length > 0 ? ` (${failures.join('; ')})` : '';
    throw new MissingInterpreterError(
      `this runner has no ${rule.names[0]} for a ${extension} entrypoint: install ${rule.packageHint}${tried}`,
    );
  }

  private candidates(extension: string, rule: Rule): string[] {
    if (extension === '.py' && this.python) return [this.python];
    const folders = [
      ...SYSTEM_FOLDERS,
      ...this.searchPath.split(':').filter((f) => isAbsolute(f) && !f.includes('/shims')),
    ];
    const paths = rule.names.flatMap((name) => folders.map((folder) => join(folder, name)));
    return [...new Set(paths)].filter(isExecutable);
  }
}

function node(): Rule {
  return { names: ['node'], probe: ['-p', 'process.execPath'], packageHint: 'nodejs' };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What its uid may not execute is no interpreter for a task. */
async function probe(path: string, args: string[], uid: number | null): Promise<string> {
  const [real = ''] = await execute(path, args, uid);
  return isAbsolute(real) ? real : path;
}

/** Runs the interpreter as a task would be run; the lines that it prints. */
function execute(path: string, args: string[], uid: number | null): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const user = uid === null ? {} : { uid, gid: uid };
    const options = {
      ...user,
      timeout: PROBE_TIMEOUT_MS,
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    };
    execFile(path, args, options, (error, stdout) => {
      if (error) reject(new Error(error.message.split('\n')[0]));
      else resolve(stdout.trim().split('\n'));
    });
  });
}
