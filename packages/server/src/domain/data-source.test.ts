import { ApiError, type DataSourceInput } from '@bytenite/contract';
import { describe, expect, it } from 'vitest';
import { parseDataSource, presentDataSource, type DataSourceRole } from './data-source.ts';

const TYPE = 'type.googleapis.com/bytenite.data_source.';

function refusal(input: DataSourceInput, role: DataSourceRole): string {
  try {
    parseDataSource(input, role);
  } catch (error) {
    if (error instanceof ApiError) return `${error.kind}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

describe('parseDataSource', () => {
  it('keeps a password and never shows it', () => {
    const stored = parseDataSource(
      {
        dataSourceDescriptor: 'url',
        params: { url: 'https://data.example.org/a.zip', username: 'ada', password: 'pw' },
      },
      'in',
    );
    expect(stored.params?.password).toBe('pw');
    expect(presentDataSource(stored)).toEqual({
      dataSourceDescriptor: 'url',
      params: {
        '@type': `${TYPE}HttpDataSource`,
        url: 'https://data.example.org/a.zip',
        name: '',
        username: 'ada',
        password: '',
      },
    });
  });

  it('takes `local` for `file`, with the empty fields that early clients send', () => {
    const stored = parseDataSource(
      { dataSourceDescriptor: 'local', params: { name: 'in.txt', url: '', username: '' } },
      'in',
    );
    expect(presentDataSource(stored)).toEqual({
      dataSourceDescriptor: 'file',
      params: { '@type': `${TYPE}LocalFileDataSource`, name: 'in.txt' },
    });
  });

  it.each(['bucket', 'bypass'])('gives the destination %s no params', (descriptor) => {
    const stored = parseDataSource({ dataSourceDescriptor: descriptor, params: {} }, 'out');
    expect(presentDataSource(stored)).toEqual({ dataSourceDescriptor: descriptor, params: null });
  });

  it.each([
    ['bucket', 'in', 'INVALID_ARGUMENT: bucket cannot be used as a data source'],
    ['url', 'out', 'INVALID_ARGUMENT: url cannot be used as a data destination'],
    ['local', 'out', 'INVALID_ARGUMENT: file cannot be used as a data destination'],
    ['s3', 'in', 'UNIMPLEMENTED: the data source aws is not available in this version'],
    ['url', 'in', 'INVALID_ARGUMENT: dataSource.params.url is required'],
    [
      'ftp',
      'in',
      'INVALID_ARGUMENT: dataSource.dataSourceDescriptor must be one of url, file, aws, gcp, storj, bucket, bypass',
    ],
  ] as const)('refuses %s (%s)', (descriptor, role, message) => {
    expect(refusal({ dataSourceDescriptor: descriptor }, role)).toBe(message);
  });

  it.each(['ftp://a/b', 'file:///etc/passwd', 'no url'])('refuses the URL %s', (url) => {
    expect(refusal({ dataSourceDescriptor: 'url', params: { url } }, 'in')).toContain(
      'must be an http or https URL',
    );
  });

  it('refuses a message type that is not the descriptor`s', () => {
    const params = { '@type': `${TYPE}S3DataSource`, url: 'https://a.example/' };
    expect(refusal({ dataSourceDescriptor: 'url', params }, 'in')).toContain('HttpDataSource');
    const short = { '@type': 'bytenite.data_source.HttpDataSource', url: 'https://a.example/' };
    expect(refusal({ dataSourceDescriptor: 'url', params: short }, 'in')).toBe('accepted');
  });
});
