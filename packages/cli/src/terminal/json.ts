import { propertyNode, sourceOf, syntaxTree } from '@bytenite/contract';
import { format } from 'jsonc-parser';
import { printableJson } from './escape.ts';

/** Prints JSON for people and programs, every number and key as it was written. */
export function printJson(text: string): void {
  console.log(printableJson(prettyJson(text)));
}

export function prettyJson(text: string): string {
  const edits = format(text, undefined, { insertSpaces: true, tabSize: 2 });
  // Joined from pieces: applying one edit after the other copies the whole text for each.
  const pieces: string[] = [];
  let end = 0;
  for (const { offset, length, content } of edits.toSorted((a, b) => a.offset - b.offset)) {
    pieces.push(text.slice(end, offset), content);
    end = offset + length;
  }
  return [...pieces, text.slice(end)].join('');
}

/** The source text of a field of a JSON object. */
export function fieldText(text: string, field: string): string {
  const node = propertyNode(syntaxTree(text), field);
  return node === undefined ? 'null' : sourceOf(text, node);
}
