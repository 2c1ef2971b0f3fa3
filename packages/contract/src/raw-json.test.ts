import { expect, it } from 'vitest';
import { mergeRaw, RawJson, stringifyWire } from './raw-json.ts';

it('prints user data as it was written, beside everything else', () => {
  const reply = {
    a: new RawJson('{"n": 1.0}'),
    list: [new RawJson('{}')],
    text: 'raw-0',
    no: null,
  };
  expect(stringifyWire(reply)).toBe('{"a":{"n": 1.0},"list":[{}],"text":"raw-0","no":null}');
});

it('does not take text that looks like a replacement pattern for one', () => {
  expect(stringifyWire({ a: new RawJson('{"x":"$& $1"}') })).toBe('{"a":{"x":"$& $1"}}');
});

it('merges by top-level key, each value as it was written', () => {
  const base = new RawJson('{"a": 1.0, "b": {"x": 1}, "10": 1, "9": 2}');
  const over = new RawJson('{ "b": {"y": 2.50}, "__proto__": 3 }');
  expect(mergeRaw(base, over).text).toBe('{"a":1.0,"b":{"y": 2.50},"10":1,"9":2,"__proto__":3}');
});

it('knows equal keys however they are escaped', () => {
  const merged = mergeRaw(new RawJson('{"a":1}'), new RawJson('{"\\u0061":2}'));
  expect(merged.parse()).toEqual({ a: 2 });
});
