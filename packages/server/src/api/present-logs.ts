import type { LogsReply, WireLogLine } from '@bytenite/contract';
import type { z } from 'zod';
import type { JobLogs, TaskLine } from '../engine/jobs/read-logs.ts';
import { timestampOf } from './time.ts';

export function presentLine(line: TaskLine): WireLogLine {
  return { log: line.m, timestamp: timestampOf(line.t), level: line.l, container: line.c };
}

export function presentLogs(logs: JobLogs): z.output<typeof LogsReply> {
  const tasks = logs.taskrunner.map(({ taskId, lines }) => {
    return [taskId, { logs: lines.map((line) => presentLine(line)) }] as const;
  });
  return {
    partitioner: logs.partitioner.map((line) => presentLine(line)),
    assembler: logs.assembler.map((line) => presentLine(line)),
    taskrunner: Object.fromEntries(tasks),
  };
}
