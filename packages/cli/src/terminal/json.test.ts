import { expect, it } from 'vitest';
import { prettyJson } from './json.ts';

it('JSON is laid out, and every number and key stays as it was written', () => {
  expect(prettyJson('{"b":[1.0,12345678901234567890],"2":{},"1":"a, b: [c]"}')).toBe(
    [
      '{',
      '  "b": [',
      '    1.0,',
      '    12345678901234567890',
      '  ],',
      '  "2": {},',
      '  "1": "a, b: [c]"',
      '}',
    ].join('\n'),
  );
});

it('a list of fifty thousand results is laid out like a short one', () => {
  const results = Array.from({ length: 50_000 }, (_, i) => ({ name: `f${i}`, link: '/f/r/1' }));
  expect(prettyJson(JSON.stringify(results))).toBe(JSON.stringify(results, null, 2));
});
