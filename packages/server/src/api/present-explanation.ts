import { JOB_STATE_PREFIX, type ExplainReply } from '@bytenite/contract';
import type { Explanation } from '../engine/explain/explain-job.ts';

export function presentExplanation(explanation: Explanation): ExplainReply {
  const { job, summary, reasons, queue, place, eta } = explanation;
  return {
    state: `${JOB_STATE_PREFIX}${job.state}`,
    summary,
    reasons,
    queue: {
      position: place?.position ?? 0,
      ahead: {
        ownJobs: place?.ownJobs ?? 0,
        ownTasks: place?.ownTasks ?? 0,
        otherUsers: place === null ? 0 : (queue?.others.usersAhead ?? 0),
      },
    },
    eta,
  };
}
