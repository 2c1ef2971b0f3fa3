/** What a job was told, and what that means together with its template. */
import {
  mergeRaw,
  RawJson,
  type JobConfig,
  type JobConfigInput,
  type TemplateInfo,
  type ComponentType,
} from '@bytenite/contract';
import type { StoredDataSource } from './data-source.ts';

/** The template as it was when the job was created. */
export interface TemplateSnapshot {
  info: TemplateInfo;
  config: JobConfigInput;
  dataSource: StoredDataSource | null;
  dataDestination: StoredDataSource | null;
}

/** One component of a started job; null stands for passthrough. */
export interface PinnedRevision {
  tag: string;
  id: string;
  owner: string;
  revision: number;
  hash: string;
  blobKey: string;
  cpus: number;
  memoryGiB: number;
  gpu: string[];
  entrypoint: string;
  image: string;
  /** Absent in jobs that were started before it was kept, of which none asked for `none`. */
  network?: 'default' | 'none';
  /** Absent in jobs that were started before these were kept: nothing, and false. */
  preload?: string[];
  readOnlyInput?: boolean;
  /** Ids of the secrets that it is given, of the job's owner. */
  secrets: string[];
}
export type Pinned = Record<ComponentType, PinnedRevision | null>;

export type ParamTexts = Record<ComponentType, string | null>;

export interface JobDoc {
  description: string;
  tags: Record<ComponentType, string | null>;
  template: TemplateSnapshot | null;
  templateParams: ParamTexts;
  config: JobConfigInput;
  dataSource: StoredDataSource | null;
  dataDestination: StoredDataSource | null;
  params: ParamTexts;
  pinned: Pinned | null;
}

export const PASSTHROUGH = 'passthrough';

const DEFAULT_CONFIG: JobConfig = {
  taskTimeout: 0,
  jobTimeout: 0,
  isTestJob: false,
  maxTaskRetries: 3,
  allowEmpty: false,
  toleratedFailures: '',
  speculation: false,
  retryOn: [],
  failOn: [],
};

/** Request over template over server default, by field. */
export function effectiveConfig(doc: Pick<JobDoc, 'config' | 'template'>): JobConfig {
  const merged = { ...doc.template?.config, ...doc.config };
  return {
    taskTimeout: merged.taskTimeout ?? DEFAULT_CONFIG.taskTimeout,
    jobTimeout: merged.jobTimeout ?? DEFAULT_CONFIG.jobTimeout,
    isTestJob: merged.isTestJob ?? DEFAULT_CONFIG.isTestJob,
    maxTaskRetries: merged.maxTaskRetries ?? DEFAULT_CONFIG.maxTaskRetries,
    allowEmpty: merged.allowEmpty ?? DEFAULT_CONFIG.allowEmpty,
    toleratedFailures: String(merged.toleratedFailures ?? DEFAULT_CONFIG.toleratedFailures),
    speculation: merged.speculation ?? DEFAULT_CONFIG.speculation,
    retryOn: (merged.retryOn ?? DEFAULT_CONFIG.retryOn).map(String),
    failOn: (merged.failOn ?? DEFAULT_CONFIG.failOn).map(String),
  };
}

/** A component's params as its process gets them: never empty, at least `{}`. */
export function effectiveParams(doc: JobDoc, component: ComponentType): RawJson {
  const base = doc.templateParams[component];
  const over = doc.params[component];
  if (base === null) return over === null ? RawJson.EMPTY_OBJECT : new RawJson(over);
  return over === null ? new RawJson(base) : mergeRaw(new RawJson(base), new RawJson(over));
}

export function effectiveTag(doc: JobDoc, component: ComponentType): string {
  const own = doc.tags[component] ?? doc.template?.info[component] ?? '';
  return own === '' && component !== 'app' ? PASSTHROUGH : own;
}

export function isPassthrough(tag: string): boolean {
  return tag === PASSTHROUGH || tag.startsWith(`${PASSTHROUGH}@`);
}

export function effectiveSource(doc: JobDoc): StoredDataSource | null {
  return doc.dataSource ?? doc.template?.dataSource ?? null;
}

export function effectiveDestination(doc: JobDoc): StoredDataSource | null {
  return doc.dataDestination ?? doc.template?.dataDestination ?? null;
}
