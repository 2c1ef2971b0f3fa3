import {
  JOB_STATE_PREFIX,
  PRIORITY_PREFIX,
  TASK_STATE_PREFIX,
  type DataSource,
  type Job,
  type JobState,
  type TemplateInfo,
} from '@bytenite/contract';
import { presentDataSource } from '../domain/data-source.ts';
import {
  effectiveConfig,
  effectiveDestination,
  effectiveParams,
  effectiveSource,
  effectiveTag,
  type JobDoc,
  type PinnedRevision,
} from '../domain/job-doc.ts';
import { byteChips } from '../domain/price.ts';
import type { JobView } from '../engine/jobs/job-view.ts';
import { timestampOf } from './time.ts';

/** `tempUrlOf` signs the place to upload a draft's file to. */
export function presentJob(view: JobView, tempUrlOf: (jobNo: number) => string): Job {
  const { job, doc } = view;
  const destination = effectiveDestination(doc);
  return {
    id: job.id,
    templateId: job.template_id,
    name: job.name,
    description: doc.description,
    config: effectiveConfig(doc),
    priority: `${PRIORITY_PREFIX}${job.priority}`,
    state: `${JOB_STATE_PREFIX}${job.state}`,
    createdAt: timestampOf(job.created_at),
    submittedAt: timestampOf(job.submitted_at),
    startedAt: timestampOf(job.started_at),
    endedAt: timestampOf(job.ended_at),
    startAt: null,
    deletedAt: null,
    regions: null,
    dataSource: presentSource(view, tempUrlOf),
    dataDestination: destination && presentDataSource(destination),
    params: {
      preset: '',
      partitioner: effectiveParams(doc, 'partitioner'),
      assembler: effectiveParams(doc, 'assembler'),
      app: effectiveParams(doc, 'app'),
    },
    duration: durationOf(view),
    paymentAmount: byteChips(job.price),
    numUnitsEstimation: '0',
    numChunks: job.num_chunks,
    errorMessage: job.error_message,
    stateTimestamps: stateTimestamps(job.state_times),
    appId: doc.pinned?.app?.tag ?? effectiveTag(doc, 'app'),
    templateInfo: presentTemplateInfo(view),
    failureReason: job.failure_reason,
    failedChunks: job.failed,
    waitingReason: view.waitingReason,
    taskCounts: Object.fromEntries(
      Object.entries(view.taskCounts).map(([state, count]) => [TASK_STATE_PREFIX + state, count]),
    ),
    pinned: presentPinned(doc),
  };
}

/** Without a template the id is empty and the tags are the job's own. */
export function presentTemplateInfo({ job, doc }: JobView): TemplateInfo {
  if (doc.template !== null) return doc.template.info;
  return {
    id: '',
    owner: job.account,
    description: '',
    app: effectiveTag(doc, 'app'),
    partitioner: effectiveTag(doc, 'partitioner'),
    assembler: effectiveTag(doc, 'assembler'),
  };
}

function presentSource(
  { job, doc }: JobView,
  tempUrlOf: (jobNo: number) => string,
): DataSource | null {
  const source = effectiveSource(doc);
  if (source === null) return null;
  const presented = presentDataSource(source);
  if (source.descriptor !== 'file') return presented;
  const tempUrl = job.state === 'NEW' ? tempUrlOf(job.no) : '';
  return { ...presented, params: { ...presented.params, tempUrl } };
}

function durationOf({ job, now }: JobView): number {
  if (job.submitted_at === null) return 0;
  return Math.max(0, (job.ended_at ?? now) - job.submitted_at) / 1000;
}

function stateTimestamps(text: string): Record<string, string> {
  const times = JSON.parse(text) as Partial<Record<JobState, number>>;
  return Object.fromEntries(
    Object.entries(times).map(([state, at]) => [JOB_STATE_PREFIX + state, timestampOf(at)]),
  );
}

function presentPinned(doc: JobDoc): Job['pinned'] {
  if (doc.pinned === null) return null;
  const { app, partitioner, assembler } = doc.pinned;
  return {
    app: presentRevision(app),
    partitioner: presentRevision(partitioner),
    assembler: presentRevision(assembler),
  };
}

function presentRevision(pinned: PinnedRevision | null) {
  if (pinned === null) return null;
  const { tag, id, revision, hash } = pinned;
  return { tag, id, revision, hash };
}
