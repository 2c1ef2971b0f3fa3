import type { JobReply } from '@bytenite/contract';
import type { z } from 'zod';
import { getSchemaOwner } from '../../engine/components/get-schema.ts';
import { explainJob } from '../../engine/explain/explain-job.ts';
import { abortJob, deleteJob } from '../../engine/jobs/abort-job.ts';
import { createJob } from '../../engine/jobs/create-job.ts';
import {
  renameJob,
  updateConfig,
  updateDataSource,
  updateParams,
} from '../../engine/jobs/edit-job.ts';
import type { JobView } from '../../engine/jobs/job-view.ts';
import { filterJobs, getJob, listJobs } from '../../engine/jobs/list-jobs.ts';
import { getTask, listTasks } from '../../engine/jobs/list-tasks.ts';
import { pageLogs } from '../../engine/jobs/page-logs.ts';
import { findLogs } from '../../engine/jobs/read-logs.ts';
import { getResults } from '../../engine/jobs/results.ts';
import { retryJob } from '../../engine/jobs/retry-job.ts';
import { runJob } from '../../engine/jobs/run-job.ts';
import { countRunningTasks } from '../../engine/jobs/running-tasks.ts';
import { testDataSource } from '../../engine/jobs/test-data-source.ts';
import { completeUpload } from '../../engine/jobs/upload.ts';
import { getTemplate } from '../../engine/templates/get-template.ts';
import { listUsableTemplates } from '../../engine/templates/list-templates.ts';
import { viewBalance } from '../../engine/wallet/balance.ts';
import { streamEvents } from '../event-stream.ts';
import { resultLink, uploadLink } from '../file-links.ts';
import { genericResponse, onceOf, type Handlers } from '../handler.ts';
import { presentSchema } from '../present-component.ts';
import { presentExplanation } from '../present-explanation.ts';
import { presentJob, presentTemplateInfo } from '../present-job.ts';
import { streamLogs } from '../present-logs.ts';
import { presentSourceInfo } from '../present-source-info.ts';
import { presentTask } from '../present-task.ts';
import { presentTemplate } from '../present-template.ts';
import { presentBalance } from '../present-wallet.ts';
import { serviceInfo } from '../service-info.ts';

type LinkContext = Parameters<typeof uploadLink>[0];

function jobOf(call: LinkContext, view: JobView) {
  return presentJob(view, (jobNo) => uploadLink(call, jobNo));
}

function jobReply(call: LinkContext, view: JobView): z.output<typeof JobReply> {
  return { job: jobOf(call, view), templateInfo: presentTemplateInfo(view) };
}

export const customerHandlers: Handlers<'customer'> = {
  async Customer_CreateJob(call) {
    const once = onceOf<JobView>(call, (view) => jobReply(call, view));
    return jobReply(call, await createJob(call.ctx, call.account, call.body, once));
  },
  async Customer_ListJobs(call) {
    const { pagination, jobs } = await listJobs(call.ctx, call.account, call.query);
    return { pagination, data: jobs.map((view) => jobOf(call, view)) };
  },
  async Customer_FilterJobs(call) {
    const { pagination, jobs } = await filterJobs(call.ctx, call.account, call.body);
    return { pagination, data: jobs.map((view) => jobOf(call, view)) };
  },
  async Customer_GetJob(call) {
    return jobReply(call, await getJob(call.ctx, call.account, call.params.jobId));
  },
  async Customer_DeleteJob(call) {
    await deleteJob(call.ctx, call.account, call.params.jobId);
    return genericResponse(call);
  },
  async Customer_UpdateDataSource(call) {
    const { ctx, account, params, body } = call;
    return jobReply(call, await updateDataSource(ctx, account, params.jobId, body));
  },
  async Customer_UpdateParams(call) {
    const { ctx, account, params, body } = call;
    return jobReply(call, await updateParams(ctx, account, params.jobId, body));
  },
  async Customer_RenameJob(call) {
    const { ctx, account, params, body } = call;
    return jobReply(call, await renameJob(ctx, account, params.jobId, body.name));
  },
  async Customer_UpdateConfigs(call) {
    const { ctx, account, params, body } = call;
    return jobReply(call, await updateConfig(ctx, account, params.jobId, body));
  },
  async Customer_RunJob(call) {
    const reply = genericResponse(call);
    const once = onceOf<void>(call, () => reply);
    await runJob(call.ctx, call.account, call.params.jobId, call.body, once);
    return reply;
  },
  async Customer_RetryJob(call) {
    const reply = genericResponse(call);
    const once = onceOf<void>(call, () => reply);
    await retryJob(call.ctx, call.account, call.params.jobId, call.body, once);
    return reply;
  },
  async Customer_ExplainJob({ ctx, account, params, query }) {
    return presentExplanation(await explainJob(ctx, account, params.jobId, query));
  },
  async Customer_AbortJob(call) {
    await abortJob(call.ctx, call.account, call.params.jobId);
    return genericResponse(call);
  },
  async Customer_UploadCompleted(call) {
    await completeUpload(call.ctx, call.account, call.params.jobId);
    return genericResponse(call);
  },
  async Customer_GetResults(call) {
    const { jobNo, run, names, expiresAt } = await getResults(
      call.ctx,
      call.account,
      call.params.jobId,
    );
    const results = names.map((name) => ({
      name,
      link: resultLink(call, { jobNo, run, path: name }, expiresAt),
    }));
    return { results };
  },
  async Customer_ListTasks(call) {
    const { ctx, account, params, query } = call;
    const { pagination, tasks } = await listTasks(ctx, account, params.jobId, query);
    return { pagination, data: tasks.map((view) => presentTask(view)) };
  },
  async Customer_GetTask(call) {
    const { jobId, taskId } = call.params;
    return { task: presentTask(await getTask(call.ctx, call.account, jobId, taskId)) };
  },
  async Customer_Logs({ ctx, account, body }) {
    const { after } = body;
    if (after === undefined) return streamLogs(ctx.blobs, await findLogs(ctx, account, body));
    const { logs, next } = await pageLogs(ctx, account, { ...body, after });
    return streamLogs(ctx.blobs, logs, next);
  },
  Customer_Events: (call) => streamEvents(call),
  async Customer_RunningTasks({ ctx, account, body }) {
    return {
      jobsRunningTasks: Object.fromEntries(await countRunningTasks(ctx, account, body.jobsIds)),
    };
  },
  async Customer_ListTemplates({ ctx, account, query }) {
    const { pagination, templates } = await listUsableTemplates(ctx, account, query);
    return { pagination, data: templates.map((record) => presentTemplate(record)) };
  },
  async Customer_TemplatePresets({ ctx, account, params }) {
    await getTemplate(ctx, account, params.id);
    return { presets: [] };
  },
  async Customer_TestDataSource({ ctx, body, request }) {
    return presentSourceInfo(
      await testDataSource(ctx, body, request.signal),
      body.listFiles === true,
    );
  },
  async Customer_GetSchema({ ctx, account, params, query }) {
    return presentSchema(await getSchemaOwner(ctx, account, params.id, query.version ?? ''));
  },
  Customer_JobTypeStats: () => ({ stats: {} }),
  Customer_StatsDetail: () => ({ stats: {} }),
  Customer_Info: () => serviceInfo(),

  async Customer_WalletBalance({ ctx, account }) {
    return presentBalance(await viewBalance(ctx, account));
  },
};
