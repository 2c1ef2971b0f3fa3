/**
 * What the kills hit, by the event log alone. At the time of a kill a job is in the state of its last
 * job event. A task is in the phase of its last event, if that event is so young that its failpoint
 * cannot have been over; a committed task is in `commit` while its runner cannot have been told.
 */
import type { Database } from './database.ts';

export const JOB_CELLS = [
  'STARTED',
  'UPLOADING',
  'PARTITIONING',
  'PARTITIONED',
  'TASKS_COMPLETED',
  'MERGING',
  'MERGED',
  'DOWNLOADING',
] as const;
export const TASK_CELLS = ['stage-in', 'run', 'stage-out', 'commit'] as const;
export const CELLS = [...JOB_CELLS, ...TASK_CELLS] as const;
export type Cell = (typeof CELLS)[number];

export const VICTIMS = ['server', 'runner'] as const;
export type Victim = (typeof VICTIMS)[number];

/** How long failpoints hold each phase at least, and a runner that waits for its verdict. */
export const HOLD_MS = { phase: 320, verdict: 80 };
/** A phase is reported when it has lasted 100 ms, by the next heartbeat: this much of it is still left then. */
const PHASE_LEFT_MS = 100;

const CELL_OF_PHASE: Readonly<Record<string, Cell>> = {
  RECEIVED: 'stage-in',
  RUNNING: 'run',
  STAGING_OUT: 'stage-out',
};

interface Event {
  id: number;
  at: number;
  job: number;
  body: Partial<JobEvent & TaskEvent>;
}
interface JobEvent {
  state: string;
}
interface TaskEvent {
  kind: string;
  run: number;
  chunks: number[];
  phase: string;
  committed: boolean;
}

export class EventLog {
  /** Of jobs that have not ended. */
  private events: Event[] = [];
  private lastId = 0;
  private count = 0;
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Reads what is new; returns how many job and task events there are. */
  async update(): Promise<number> {
    for (const { body, ...row } of await this.database.eventsAfter(this.lastId)) {
      const event = { ...row, body: JSON.parse(body) as Event['body'] };
      this.lastId = event.id;
      this.count += 1;
      this.events.push(event);
      if (event.body.state === 'COMPLETE' || event.body.state === 'FAILED') {
        this.events = this.events.filter(({ job }) => job !== event.job);
      }
    }
    return this.count;
  }

  /** Cells that a kill at `at` hits, in any number of jobs and tasks. */
  cellsAt(at: number): Set<Cell> {
    const states = new Map<number, string>();
    const tasks = new Map<string, { since: number; cell: Cell | null }>();
    for (const event of this.events) {
      if (event.at > at) continue;
      const { state, kind, run, chunks = [] } = event.body;
      if (state !== undefined) states.set(event.job, state);
      for (const chunk of chunks) {
        tasks.set(`${event.job}/${kind}/${run}/${chunk}`, {
          since: event.at,
          cell: taskCell(event.body),
        });
      }
    }
    const inState = new Set(states.values());
    const hit = new Set<Cell>(JOB_CELLS.filter((cell) => inState.has(cell)));
    for (const { since, cell } of tasks.values()) {
      const leftMs = cell === 'commit' ? HOLD_MS.verdict : PHASE_LEFT_MS;
      if (cell !== null && at - since < leftMs) hit.add(cell);
    }
    return hit;
  }
}

function taskCell({ phase, committed }: Event['body']): Cell | null {
  if (committed === true) return 'commit';
  return CELL_OF_PHASE[phase ?? ''] ?? null;
}

export class Coverage {
  private readonly hits = new Map<string, number>();

  add(victim: Victim, cells: Iterable<Cell>): void {
    for (const cell of cells) {
      const key = `${victim} ${cell}`;
      this.hits.set(key, (this.hits.get(key) ?? 0) + 1);
    }
  }

  count(victim: Victim, cell: Cell): number {
    return this.hits.get(`${victim} ${cell}`) ?? 0;
  }

  /** Cells hit less often than wanted, for each victim. */
  missing(wanted: number): { victim: Victim; cell: Cell }[] {
    return VICTIMS.flatMap((victim) =>
      CELLS.filter((cell) => this.count(victim, cell) < wanted).map((cell) => ({ victim, cell })),
    );
  }

  toString(): string {
    const line = (name: string, of: (victim: Victim) => string | number) =>
      `${name.padEnd(16)}${VICTIMS.map((victim) => String(of(victim)).padStart(8)).join('')}`;
    return [
      line('hits', (victim) => victim),
      ...CELLS.map((cell) => line(cell, (victim) => this.count(victim, cell))),
    ].join('\n');
  }
}
