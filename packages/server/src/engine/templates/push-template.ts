import {
  COMPONENT_TYPES,
  invalid,
  type ComponentType,
  type FieldViolation,
  type JobConfigInput,
  type TemplateInput,
} from '@bytenite/contract';
import type { Context } from '../../context.ts';
import { checkConfig } from '../../domain/job-config.ts';
import { isPassthrough, PASSTHROUGH } from '../../domain/job-doc.ts';
import { priorityOf, withoutPriority } from '../../domain/priority.ts';
import { parseTag } from '../../domain/tags.ts';
import { saveTemplate } from '../../store/templates.ts';
import type { Account } from '../auth/account.ts';
import { requireSpace } from '../require-space.ts';
import { checkParamsSize } from '../jobs/draft.ts';
import { readSources } from '../jobs/read-sources.ts';

/**
 * Creates or replaces a template. Tags and sources are checked for form only: what they name may come
 * later. Jobs keep what they took from it.
 */
export async function pushTemplate(
  ctx: Context,
  account: Account,
  input: TemplateInput,
): Promise<void> {
  await requireSpace(ctx);
  checkTags(input);
  checkConfig(input.config ?? {});
  const sources = await readSources(ctx, account.id, input);
  const params = {
    app: input.params?.app?.text ?? '{}',
    partitioner: input.params?.partitioner?.text ?? '{}',
    assembler: input.params?.assembler?.text ?? '{}',
  };
  checkParamsSize(ctx, params);
  await saveTemplate(ctx.store.db, {
    account: account.id,
    id: input.id,
    doc: {
      description: input.description ?? '',
      app: input.app.trim(),
      partitioner: input.partitioner?.trim() || PASSTHROUGH,
      assembler: input.assembler?.trim() || PASSTHROUGH,
      config: configOf(input),
      dataSource: sources.dataSource ?? null,
      dataDestination: sources.dataDestination ?? null,
    },
    params,
    now: ctx.now(),
  });
}

function configOf(input: TemplateInput): JobConfigInput {
  const config = withoutPriority(input.config ?? {});
  const priority = priorityOf(input, null);
  return priority === 'UNDEFINED' ? config : { ...config, priority };
}

function checkTags(input: TemplateInput): void {
  const violations = COMPONENT_TYPES.flatMap((type): FieldViolation[] => {
    const problem = problemOf(type, input[type]?.trim() ?? '');
    return problem === null ? [] : [{ field: type, description: problem }];
  });
  if (violations.length === 0) return;
  const words = violations.map(({ field, description }) => `${field} ${description}`);
  throw invalid(words.join('; '), violations);
}

function problemOf(type: ComponentType, tag: string): string | null {
  if (type === 'app' && isPassthrough(tag)) return `must not be ${PASSTHROUGH}, which is an engine`;
  if (type !== 'app' && tag === '') return null;
  return parseTag(tag) === null ? 'must be a tag such as word-count or word-count@1.2' : null;
}
