import { Directory } from '@bytenite/contract';
import { expect, test } from 'vitest';
import { decodeReply } from './reply.ts';

test('a reply of folders within folders is read', () => {
  const inner = { name: 'b', path: 'a/b/', directories: [], files: [] };
  const files = [{ id: 'a/x', name: 'x', path: 'a/x', size: '3' }];
  const folder = { name: 'a', path: 'a/', directories: [inner], files };
  expect(decodeReply('Developer_ListCache', Directory, JSON.stringify(folder))).toEqual(folder);
  const wrong = JSON.stringify({ ...folder, directories: [{ ...inner, name: 1 }] });
  expect(() => decodeReply('Developer_ListCache', Directory, wrong)).toThrow(
    /directories\.0\.name/,
  );
});
