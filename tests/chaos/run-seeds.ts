/** Seeds one after the other; a world is used for some of them, and left where a promise was broken. */
import { createRandom } from '../kill/random.ts';
import { checkSweep } from '../kill/sweep.ts';
import type { WorkJob } from '../kill/workload.ts';
import { runSeed, type SeedReport } from './run-seed.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

/** What one seed leaves behind must not trouble the next; but a fresh world takes its time. */
const SEEDS_PER_WORLD = 10;

export interface SeedsOptions extends Omit<WorldOptions, 'chance'> {
  first: number;
  count: number;
  /** Ends with the first broken promise. */
  untilBroken?: boolean;
  onSeed?: (report: SeedReport) => void;
  onStory?: (line: string) => void;
}

export async function runSeeds(options: SeedsOptions): Promise<SeedReport[]> {
  const reports: SeedReport[] = [];
  while (reports.length < options.count) {
    const first = options.first + reports.length;
    const { next } = createRandom(first + 1);
    const world = await openWorld({ ...options, chance: next });
    try {
      const left = options.count - reports.length;
      reports.push(...(await inOneWorld(world, options, first, Math.min(left, SEEDS_PER_WORLD))));
    } finally {
      await world.close();
    }
    if (options.untilBroken === true && isBroken(reports.at(-1))) break;
  }
  return reports;
}

async function inOneWorld(
  world: World,
  { onSeed, onStory }: SeedsOptions,
  first: number,
  count: number,
): Promise<SeedReport[]> {
  const reports: SeedReport[] = [];
  const jobs: WorkJob[] = [];
  for (let seed = first; seed < first + count; seed += 1) {
    const report = await runSeed(world, seed, jobs, onStory);
    if (seed === first + count - 1 && !isBroken(report)) {
      report.problems.push(...(await sweep(world)));
    }
    reports.push(report);
    onSeed?.(report);
    if (isBroken(report)) break;
  }
  return reports;
}

export function isBroken(report: SeedReport | undefined): boolean {
  return (report?.problems.length ?? 0) > 0;
}

/** Nothing is stored that no row names, and the other way round: looked at by one server alone. */
async function sweep(world: World): Promise<string[]> {
  await Promise.all(world.servers.slice(1).map((seat) => seat.stop()));
  const [server] = world.servers;
  return checkSweep(
    {
      ...world.platform,
      server: { kill: async () => server?.kill() },
      startServer: async () => server?.up(),
    } as unknown as World['platform'],
    world.database,
  );
}
