import { describe, expect, it } from 'vitest';
import { printable, printableJson, printableLine } from './escape.ts';

describe('a line of a log', () => {
  it('keeps its colours and tabs, and ends them with itself', () => {
    expect(printableLine('a\t\u001b[31mred\u001b[0m')).toBe('a\t\u001b[31mred\u001b[0m\u001b[0m');
    expect(printableLine('a\tb')).toBe('a\tb');
  });

  it('cannot clear the screen, move the cursor, set the title or answer questions', () => {
    expect(printableLine('\u001b[2J\u001b[H')).toBe('\\x1b[2J\\x1b[H');
    expect(printableLine('\u001b]0;title\u0007')).toBe('\\x1b]0;title\\x07');
    expect(printableLine('\u009b2J\rover')).toBe('\\x9b2J\\rover');
    expect(printableLine('\u001b[31m\u001b[2K')).toBe('\u001b[31m\\x1b[2K\u001b[0m');
  });
});

describe('a name', () => {
  it('is one line without any control character', () => {
    expect(printable('a\nb\t\u001b[31mc\u007f')).toBe('a\\nb\\t\\x1b[31mc\\x7f');
  });

  it('cannot turn the direction of writing', () => {
    expect(printable('a\u202egpj.exe')).toBe('a\\u202egpj.exe');
  });

  it('keeps letters of every script', () => {
    expect(printable('wörk 日本 🎉')).toBe('wörk 日本 🎉');
  });
});

it('JSON is made safe without changing what it says', () => {
  const json = JSON.stringify({ a: 'x\u009b\u202ey\n' });
  expect(printableJson(json)).toBe('{"a":"x\\u009b\\u202ey\\n"}');
  expect(JSON.parse(printableJson(json))).toEqual(JSON.parse(json));
});
