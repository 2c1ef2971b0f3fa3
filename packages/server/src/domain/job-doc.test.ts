import { describe, expect, it } from 'vitest';
import {
  effectiveConfig,
  effectiveDestination,
  effectiveParams,
  effectiveSource,
  effectiveTag,
  isPassthrough,
  type JobDoc,
  type TemplateSnapshot,
} from './job-doc.ts';

const TEMPLATE: TemplateSnapshot = {
  info: {
    id: 'word-count',
    owner: 'o',
    description: '',
    app: 'word-count@1',
    partitioner: 'lines',
    assembler: '',
  },
  config: { taskTimeout: 600, maxTaskRetries: 5 },
  dataSource: { descriptor: 'bypass', params: null },
  dataDestination: { descriptor: 'bypass', params: null },
};

const NONE = { app: null, partitioner: null, assembler: null };

function docWith(parts: Partial<JobDoc>): JobDoc {
  return {
    description: '',
    tags: NONE,
    template: null,
    templateParams: NONE,
    config: {},
    dataSource: null,
    dataDestination: null,
    params: NONE,
    pinned: null,
    ...parts,
  };
}

describe('the config that counts', () => {
  it('is the server’s where nobody says anything: three retries, no timeouts', () => {
    expect(effectiveConfig(docWith({}))).toMatchObject({
      taskTimeout: 0,
      jobTimeout: 0,
      maxTaskRetries: 3,
      isTestJob: false,
      allowEmpty: false,
      toleratedFailures: '',
    });
  });

  it('takes each field from the request, else the template, else the server', () => {
    const config = effectiveConfig(docWith({ template: TEMPLATE, config: { taskTimeout: 10 } }));
    expect(config).toMatchObject({ taskTimeout: 10, maxTaskRetries: 5, jobTimeout: 0 });
  });

  it('lets an explicit zero or false stand against the template', () => {
    const template = { ...TEMPLATE, config: { maxTaskRetries: 5, allowEmpty: true } };
    const config = { maxTaskRetries: 0, allowEmpty: false };
    expect(effectiveConfig(docWith({ template, config }))).toMatchObject(config);
  });
});

describe('the source and destination that count', () => {
  it('are the request’s as a whole, else the template’s, else unset', () => {
    const own = { descriptor: 'url', params: { url: 'https://data.example.org/a' } } as const;
    expect(effectiveSource(docWith({}))).toBeNull();
    expect(effectiveSource(docWith({ template: TEMPLATE }))).toEqual(TEMPLATE.dataSource);
    expect(effectiveSource(docWith({ template: TEMPLATE, dataSource: own }))).toEqual(own);
    expect(effectiveDestination(docWith({ template: TEMPLATE }))?.descriptor).toBe('bypass');
    const bucket = { descriptor: 'bucket', params: null } as const;
    const doc = docWith({ template: TEMPLATE, dataDestination: bucket });
    expect(effectiveDestination(doc)).toEqual(bucket);
  });
});

describe('the tag that counts', () => {
  it('is the job’s own, else the template’s; engines are passthrough where nobody names one', () => {
    const tags = { ...NONE, app: 'other@2' };
    expect(effectiveTag(docWith({ template: TEMPLATE }), 'app')).toBe('word-count@1');
    expect(effectiveTag(docWith({ template: TEMPLATE, tags }), 'app')).toBe('other@2');
    expect(effectiveTag(docWith({ template: TEMPLATE }), 'partitioner')).toBe('lines');
    expect(effectiveTag(docWith({ template: TEMPLATE }), 'assembler')).toBe('passthrough');
    expect(effectiveTag(docWith({}), 'partitioner')).toBe('passthrough');
    expect(effectiveTag(docWith({}), 'app')).toBe('');
  });

  it.each([
    ['passthrough', true],
    ['passthrough@1.0', true],
    ['passthrough-2', false],
    ['my-passthrough', false],
  ])('%s is the built-in engine: %s', (tag, expected) => {
    expect(isPassthrough(tag)).toBe(expected);
  });
});

describe('the params that count', () => {
  const params = (base: string | null, over: string | null) =>
    effectiveParams(
      docWith({ templateParams: { ...NONE, app: base }, params: { ...NONE, app: over } }),
      'app',
    ).text;

  it('are never empty', () => {
    expect(params(null, null)).toBe('{}');
    expect(params('{}', '{}')).toBe('{}');
  });

  it('are one side’s very text where the other says nothing', () => {
    const text = '{ "b" : 1.0,\n "a": [1e2] }';
    expect(params(text, null)).toBe(text);
    expect(params(null, text)).toBe(text);
  });

  it('are merged by top-level key, the request over the template, each value whole', () => {
    expect(JSON.parse(params('{"a":{"x":1,"y":2},"b":1}', '{"a":{"x":9},"c":null}'))).toEqual({
      a: { x: 9 },
      b: 1,
      c: null,
    });
  });

  it.each([
    ['1.0', '1.0'],
    ['12345678901234567890', '12345678901234567890'],
    ['1e400', '1e400'],
    ['-0', '-0'],
    ['"\\u00e9\\/"', '"\\u00e9\\/"'],
    ['{"9":1,"1":2,"b":[ 1 , 2.50 ]}', '{"9":1,"1":2,"b":[ 1 , 2.50 ]}'],
  ])('keep the value %s as it was written', (value, kept) => {
    expect(params(`{"x":0,"y":${value}}`, '{"x":1}')).toBe(`{"x":1,"y":${kept}}`);
    expect(params('{"x":0}', `{"y":${value}}`)).toBe(`{"x":0,"y":${kept}}`);
  });

  it('keep a key named __proto__, on either side', () => {
    expect(params('{"__proto__":{"a":1},"b":2}', '{"b":3}')).toBe('{"__proto__":{"a":1},"b":3}');
    expect(params('{"b":2}', '{"__proto__":3}')).toBe('{"b":2,"__proto__":3}');
    expect(params('{"__proto__":1}', '{"__proto__":2}')).toBe('{"__proto__":2}');
  });

  it('take keys for equal that are only written differently', () => {
    expect(JSON.parse(params('{"a":1}', '{"\\u0061":2}'))).toEqual({ a: 2 });
  });
});
