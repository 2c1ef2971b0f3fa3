/** A database with many jobs, made from the few that a platform has made itself. */
import { DatabaseSync } from '@photostructure/sqlite';

/** Names that the copies share, as jobs of one template do. */
const NAMES = 5000;
const SECOND = 1000;

/** What a copy has of its own; `i` counts the copies, `m` is the job that is copied. */
const OWN: Record<string, string> = {
  no: 'base + i',
  id: "printf('%08x-0000-7000-8000-%012x', i, i)",
  uuid: "printf('%08x-0000-7000-8000-%012x', i, i)",
  name: `'job ' || ((i * 7919) % ${NAMES})`,
  created_at: `m.created_at - (total - i) * ${SECOND}`,
};

/** Copies the jobs of a database file until there are `total` of them; no server may have it open. */
export function multiplyJobs(file: string, total: number): void {
  const db = new DatabaseSync(file);
  try {
    db.exec('PRAGMA synchronous = OFF');
    db.exec('BEGIN');
    db.exec(
      `create temp table model as select row_number() over (order by no) - 1 as place, no from job`,
    );
    db.exec(`create temp table copy as
      with recursive counted(i) as (select 0 union all select i + 1 from counted where i + 1 < ${total})
      select i, place, model.no as model, ${total} as total, (select max(no) + 1 from job) as base
      from counted join model on place = i % (select count(*) from model)`);
    for (const table of ['job', 'job_doc']) {
      const columns = columnsOf(db, table);
      const values = columns.map((column) => OWN[column] ?? `m.${column}`);
      db.exec(`insert into ${table} (${columns.join(', ')})
        select ${values.join(', ')} from copy join ${table} m on m.no = copy.model order by i`);
    }
    db.exec('COMMIT');
  } finally {
    db.close();
  }
}

function columnsOf(db: InstanceType<typeof DatabaseSync>, table: string): string[] {
  const rows = db.prepare(`select name from pragma_table_info('${table}')`).all() as {
    name: string;
  }[];
  return rows.map(({ name }) => name);
}
