/** What is run a thousand times: one script for a line, which every candidate runs word for word. */
import { execFileSync } from 'node:child_process';
import { progress, PYTHON } from '../report.ts';

export interface Case {
  name: 'line' | 'numpy';
  /** Of a job. */
  tasks: number;
  /** Candidates give it two paths, the platform its two directories. */
  script: string;
  /** Modules that the component's manifest names in `preload`. */
  preload: readonly string[];
  /** What it writes for a line. */
  resultOf(line: string): string;
}

const PATHS = `source, target = sys.argv[1:] or (os.environ["TASK_DIR"] + "/data.bin", os.environ["TASK_RESULTS_DIR"] + "/result.txt")
`;

const LINE = `import os, sys
${PATHS}open(target, "w").write(open(source).read().upper())
`;

/** One thread, as everybody does who runs as many of them as there are cores. */
const NUMPY = `import os, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy
${PATHS}open(target, "w").write(str(numpy.fromfile(source, dtype=numpy.uint8).sum()))
`;

export interface CaseSizes {
  tasks: number;
  numpyTasks: number;
}

/** Says which of them this machine cannot run. */
export function casesHere(names: readonly string[], { tasks, numpyTasks }: CaseSizes): Case[] {
  const known: Case[] = [
    {
      name: 'line',
      tasks,
      script: LINE,
      preload: [],
      resultOf: (line) => line.toUpperCase(),
    },
    {
      name: 'numpy',
      tasks: numpyTasks,
      script: NUMPY,
      preload: ['numpy'],
      resultOf: (line) => String(Buffer.from(line).reduce((sum, byte) => sum + byte, 0)),
    },
  ];
  const unknown = names.find((name) => !known.some((each) => each.name === name));
  if (unknown !== undefined) throw new Error(`--case ${unknown} is none of line, numpy`);
  return known.filter(({ name }) => {
    if (!names.includes(name)) return false;
    if (name !== 'numpy' || hasNumpy()) return true;
    progress(`SKIPPED, the case numpy: ${PYTHON} has no numpy (Debian: apt install python3-numpy)`);
    return false;
  });
}

function hasNumpy(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import numpy'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Lines of the source, one for each task. */
export function linesOf(tasks: number): string[] {
  return Array.from({ length: tasks }, (_, i) => `this is line ${i} of the source\n`);
}
