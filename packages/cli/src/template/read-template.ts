import { decodeText, TemplateInput } from '@bytenite/contract';
import { findNodeAtLocation, visit, type Node } from 'jsonc-parser';
import { parseJsonFile } from '../component/json-file.ts';
import { positionOf, type Problem } from '../component/problem.ts';

/** Reads a template's file; trailing commas and comments are taken, users' parameters kept as written. */
export function readTemplate(
  file: string,
  text: string,
): { template: TemplateInput } | { problems: Problem[] } {
  const source = text.replace(/^\ufeff/, '');
  const parsed = parseJsonFile(file, source, 'lenient');
  if ('problems' in parsed) return parsed;
  if (parsed.tree.type !== 'object') {
    return { problems: [{ file, key: '', message: 'must be an object: { ... }' }] };
  }
  const decoded = decodeText(TemplateInput, strictJson(source));
  if (decoded.ok) return { template: decoded.value };
  const problems = decoded.violations.map(({ field, description }) => {
    const node = findNodeAtLocation(parsed.tree, field.split('.'));
    const place = node === undefined ? {} : positionOf(source, node.offset);
    return { file, ...place, key: field, message: complaint(node, description) };
  });
  return { problems };
}

function complaint(node: Node | undefined, description: string): string {
  const isMissing = node?.value === '' || description.includes('received undefined');
  return isMissing ? 'is required' : description.replace('Invalid input: ', '');
}

/** The same JSON without comments and trailing commas; every other token stays as it is written. */
function strictJson(text: string): string {
  let strict = '';
  let comma = '';
  const token = (offset: number, length: number) => {
    strict += comma + text.slice(offset, offset + length);
    comma = '';
  };
  const end = (offset: number, length: number) => {
    comma = '';
    token(offset, length);
  };
  visit(
    text,
    {
      onObjectBegin: token,
      onObjectProperty: (_, offset, length) => token(offset, length),
      onObjectEnd: end,
      onArrayBegin: token,
      onArrayEnd: end,
      onLiteralValue: (_, offset, length) => token(offset, length),
      onSeparator: (character, offset, length) => {
        if (character === ',') comma = ',';
        else token(offset, length);
      },
    },
    { allowTrailingComma: true },
  );
  return strict;
}
