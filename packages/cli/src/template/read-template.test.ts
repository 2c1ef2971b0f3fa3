import { stringifyWire } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { readTemplate } from './read-template.ts';

function read(text: string) {
  return readTemplate('t.json', text);
}

describe('the file of a template', () => {
  it('may have trailing commas and comments, and either spelling of its keys', () => {
    const result = read(`{
      // nightly
      "id": "a", "app": "b@1",
      "data_source": { "data_source_descriptor": "bypass", },
      "config": { "task_timeout": "600", "retryOn": [1, 2,], },
    }`);
    expect(result).toMatchObject({
      template: {
        id: 'a',
        app: 'b@1',
        dataSource: { dataSourceDescriptor: 'bypass' },
        config: { taskTimeout: 600, retryOn: [1, 2] },
      },
    });
  });

  it('keeps parameters as they are written', () => {
    const result = read(
      '{"id":"a","app":"b","params":{"app":{"n":1.0,"s":"a, }","l":[1.50,],},},}',
    );
    if (!('template' in result)) throw new Error('it has problems');
    expect(stringifyWire(result.template)).toContain('"app":{"n":1.0,"s":"a, }","l":[1.50]}');
  });

  it('may be what the platform gave out', () => {
    const text = `{"id":"a","createdAt":"2026-02-02T16:42:00Z","owner":"x","isPublic":false,"app":"b",
      "dataSource":null,"config":{"taskTimeout":0,"toleratedFailures":""},"unknown":1}`;
    expect(read(text)).toHaveProperty('template');
  });

  it('has all its problems told, with key and place', () => {
    expect(
      read('{\n "id": "a b",\n "app": "",\n "config": {"taskTimeout": "soon"}\n}'),
    ).toMatchObject({
      problems: [
        { file: 't.json', key: 'id', line: 2 },
        { key: 'app', line: 3, message: 'is required' },
        { key: 'config.taskTimeout', line: 4 },
      ],
    });
  });

  it('that is no JSON says where it stops being it', () => {
    expect(read('{"id": "a" "app": "b"}')).toMatchObject({ problems: [{ line: 1, column: 12 }] });
    expect(read('[]')).toHaveProperty('problems');
  });
});
