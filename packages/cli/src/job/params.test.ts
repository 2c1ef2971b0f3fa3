import { stringifyWire } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../errors.ts';
import { parseConfig, parseParams } from './params.ts';

function params(...assignments: string[]): string {
  return stringifyWire(parseParams(assignments));
}

describe('--param', () => {
  it('is JSON if it parses, else text', () => {
    expect(params('app.n=3', 'app.b=true', 'app.l=[1,2]', 'app.s=upper', 'app.e=')).toBe(
      '{"app":{"n":3,"b":true,"l":[1,2],"s":"upper","e":""}}',
    );
  });

  it('is sent as it is written', () => {
    expect(params('app.n=1.0', 'app.big=12345678901234567890', 'app.__proto__={"a":1.50}')).toBe(
      '{"app":{"n":1.0,"big":12345678901234567890,"__proto__":{"a":1.50}}}',
    );
  });

  it('with := is text whatever it looks like', () => {
    expect(params('app.n:=3', 'app.q:="x"')).toBe('{"app":{"n":"3","q":"\\"x\\""}}');
  });

  it('belongs to the component it begins with; the last of equal ones counts', () => {
    expect(params('app.a=1', 'partitioner.a.b=x=y', 'app.a=2')).toBe(
      '{"app":{"a":2},"partitioner":{"a.b":"x=y"}}',
    );
  });

  it.each(['case=upper', 'engine.a=1', 'app.=1', '.a=1', 'app.case', '=1'])(
    'is refused without a component or a value: %s',
    (wrong) => {
      expect(() => parseParams([wrong])).toThrow(UsageError);
    },
  );

  it('is nothing when there is none', () => {
    expect(parseParams([])).toBeUndefined();
  });
});

describe('--config', () => {
  it('takes every field of a config in either spelling', () => {
    const config = parseConfig([
      'taskTimeout=600',
      'max_task_retries=0',
      'isTestJob=true',
      'toleratedFailures=2%',
    ]);
    expect(config).toEqual({
      taskTimeout: 600,
      maxTaskRetries: 0,
      isTestJob: true,
      toleratedFailures: '2%',
    });
  });

  it('refuses a key that the platform would drop in silence, and a value that is none', () => {
    expect(() => parseConfig(['tasktimeout=1'])).toThrow('there is no "tasktimeout"');
    expect(() => parseConfig(['taskTimeout=soon'])).toThrow(UsageError);
  });
});
