/** Jobs for the null sandbox: a partitioner that really runs, and app tasks that do nothing, in another sandbox too. */
import { pushComponent } from '../../tests/support/components.ts';
import { fetchResults, runJob, type JobTimes, type Platform } from './platform.ts';

/** As long as a short line; each chunk is another one. */
const PARTITIONER = `import json, os
folder = os.environ["CHUNKS_DIR"]
for i in range(json.loads(os.environ["PARTITIONER_PARAMS"])["chunks"]):
    with open("%s/data_%d.bin" % (folder, i), "w") as chunk:
        chunk.write("this is the content of chunk %d" % i)
`;

export const RESULT_OF_NULL_TASK = 'result of the null sandbox\n';
/** Results that are fetched and compared after each job. */
const SAMPLES = 20;

export async function pushNullComponents(platform: Platform): Promise<void> {
  await pushComponent(platform, { name: 'many', type: 'partitioner', main: PARTITIONER });
  await pushComponent(platform, { name: 'none', type: 'app', main: REAL_TASK });
}

/** Does what the null sandbox says that it did. */
const REAL_TASK = `import os
with open(os.environ["TASK_RESULTS_DIR"] + "/result.txt", "w") as result:
    result.write("result of the null sandbox\\n")
`;

/** Runs a job of that many tasks and checks what it delivered. */
export async function runNullJob(platform: Platform, tasks: number): Promise<JobTimes> {
  const request = {
    app: 'none',
    partitioner: 'many',
    dataSource: { dataSourceDescriptor: 'bypass' },
    dataDestination: { dataSourceDescriptor: 'bucket' },
    params: { partitioner: { chunks: tasks }, app: {}, assembler: {} },
  };
  const { id, whole, partitioned } = await runJob(platform, request, tasks);
  const { count, files } = await fetchResults(platform, id, Math.ceil(tasks / SAMPLES));
  if (count !== tasks) throw new Error(`${count} results for ${tasks} tasks`);
  for (const [name, text] of files) {
    if (text !== RESULT_OF_NULL_TASK) throw new Error(`${name} holds ${JSON.stringify(text)}`);
  }
  return { whole, partitioned };
}
