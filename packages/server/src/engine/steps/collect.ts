import { INPUT_PATHS, type BundleFile } from '@bytenite/contract';
import { placeResults } from '../../domain/placement.ts';
import { taskIdMaker } from '../../domain/task-id.ts';
import { resultPage, type CommittedTask } from '../../store/tasks.ts';
import { readBundles } from '../bundles.ts';
import { writeInputIndex, writeLines, type InputEntry } from '../input-index.ts';
import { enterMerged } from '../transitions/commit-results.ts';
import { enterState } from '../transitions/enter-state.ts';
import { insertEngineTask } from './engine-task.ts';
import { completeStep, stepKey, type StepRun } from './step.ts';

const TASKS_PER_PAGE = 1000;

interface CollectedFile extends BundleFile {
  chunk: number;
  key: string;
}

/** TASKS_COMPLETED: lays out every committed chunk's files once, in chunk order, for the assembler. */
export async function runCollectStep(run: StepRun): Promise<void> {
  const { files, chunks } = await collectFiles(run);
  const paths = placeResults(files);
  const results = files.map((file, i) => resultEntry(file, paths[i] ?? file.path));
  const manifest = await writeManifest(run, chunks, files, paths);
  const index = await writeInputIndex(
    run.ctx.blobs,
    stepKey(run, 'index'),
    [...results, manifest],
    run.signal,
  );
  await completeStep(run, async (tx, job, now) => {
    const merging = await enterState(tx, job, 'MERGING', now);
    if (run.policy.pinned.assembler === null) {
      await enterMerged(tx, merging, now, stepKey(run, 'index'));
      return;
    }
    await insertEngineTask(
      run,
      tx,
      'ASSEMBLER',
      { key: stepKey(run, 'index'), size: index.size },
      now,
    );
  });
}

interface CollectedChunk {
  chunk: number;
  state: 'COMPLETED' | 'FAILED';
}

async function collectFiles({ ctx, job, signal }: StepRun) {
  const files: CollectedFile[] = [];
  const chunks: CollectedChunk[] = [];
  for (let after = -1; ;) {
    signal.throwIfAborted();
    const page = await resultPage(ctx.store.db, job.no, after, TASKS_PER_PAGE);
    const last = page.at(-1);
    if (last === undefined) return { files, chunks };
    after = last.chunk;
    for (const task of page) {
      chunks.push({
        chunk: task.chunk,
        state: task.state === 'committed' ? 'COMPLETED' : 'FAILED',
      });
    }
    const committed = page.filter((task) => isCommitted(task));
    const bundles = await readBundles(
      ctx.blobs,
      committed.map((task) => ({
        key: task.result_key,
        offset: task.result_offset,
        length: task.result_length,
        sha256: task.result_sha,
      })),
    );
    committed.forEach((task, i) => {
      for (const file of bundles[i] ?? []) {
        files.push({ ...file, chunk: task.chunk, key: task.result_key });
      }
    });
  }
}

function isCommitted(
  task: CommittedTask,
): task is CommittedTask & { result_key: string; result_sha: string } {
  return task.state === 'committed' && task.result_key !== null && task.result_sha !== null;
}

function resultEntry(file: CollectedFile, path: string): InputEntry {
  const { size, sha256, key, offset } = file;
  return { path: `${INPUT_PATHS.results}/${path}`, size, sha256, key, offset };
}

/** The chunk manifest of contract 8.4. */
async function writeManifest(
  run: StepRun,
  chunks: readonly CollectedChunk[],
  files: readonly CollectedFile[],
  paths: readonly string[],
): Promise<InputEntry> {
  const byChunk = new Map<number, string[]>();
  files.forEach((file, i) => {
    const list = byChunk.get(file.chunk) ?? [];
    byChunk.set(file.chunk, list);
    list.push(paths[i] ?? file.path);
  });
  const taskId = taskIdMaker(run.job.uuid);
  const lines = chunks.map(({ chunk, state }) => ({
    chunk,
    taskId: taskId({ kind: 'APP', run: 0, chunk }),
    state: `TASK_STATE_${state}`,
    files: byChunk.get(chunk) ?? [],
  }));
  const key = stepKey(run, 'manifest');
  const { size, sha256 } = await writeLines(run.ctx.blobs, key, lines, run.signal);
  return { path: INPUT_PATHS.manifest, size, sha256, key, offset: 0 };
}
