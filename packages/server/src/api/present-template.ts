import { PRIORITY_PREFIX, RawJson, type Template } from '@bytenite/contract';
import { presentDataSource } from '../domain/data-source.ts';
import { effectiveConfig } from '../domain/job-doc.ts';
import type { getTemplate } from '../engine/templates/get-template.ts';
import { timestampOf } from './time.ts';

type TemplateRecord = Awaited<ReturnType<typeof getTemplate>>;

export function presentTemplate({ row, doc, params, userName }: TemplateRecord): Template {
  return {
    id: row.id,
    createdAt: timestampOf(row.created_at),
    updatedAt: timestampOf(row.updated_at),
    isPublic: row.is_public === 1,
    owner: row.account,
    userName,
    description: doc.description,
    app: doc.app,
    partitioner: doc.partitioner,
    assembler: doc.assembler,
    dataSource: doc.dataSource && presentDataSource(doc.dataSource),
    dataDestination: doc.dataDestination && presentDataSource(doc.dataDestination),
    params: {
      partitioner: new RawJson(params.partitioner),
      app: new RawJson(params.app),
      assembler: new RawJson(params.assembler),
    },
    config: effectiveConfig({ config: doc.config, template: null }),
    priority: `${PRIORITY_PREFIX}${doc.config.priority ?? 'UNDEFINED'}`,
  };
}
