import type { Client } from '@bytenite/client';
import type { TemplateInput } from '@bytenite/contract';
import { printable } from '../terminal/escape.ts';

/** Creates or replaces a template, and says so. */
export async function pushTemplate(client: Client, template: TemplateInput): Promise<void> {
  await client.call('Developer_PushTemplate', { body: template });
  console.log(`Pushed template ${printable(template.id)}`);
}
