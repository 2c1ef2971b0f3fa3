/** Data sources as callers describe them, as they are stored, and as replies show them. */
import {
  DATA_SOURCE_PREFIX,
  DATA_SOURCES,
  invalid,
  notBuilt,
  type ApiError,
  type DataSource,
  type DataSourceInput,
  type DataSourceName,
  type DataSourceParams,
} from '@bytenite/contract';

export interface StoredDataSource {
  descriptor: DataSourceName;
  /** The fields that this descriptor uses, without `@type`; null where it has none. At rest a password is sealed. */
  params: DataSourceParams | null;
}

export type DataSourceRole = 'in' | 'out';

const ROLES = {
  in: { field: 'dataSource', noun: 'data source' },
  out: { field: 'dataDestination', noun: 'data destination' },
} as const satisfies Record<DataSourceRole, { field: string; noun: string }>;

/** Messages that count as the descriptor's own beside the one that is emitted. */
const OTHER_MESSAGES: Partial<Record<DataSourceName, string>> = { storj: 'StorjDataSource' };

/** Checks the form of a source (`in`) or destination (`out`); whether it can be reached shows at run. */
export function parseDataSource(input: DataSourceInput, role: DataSourceRole): StoredDataSource {
  const descriptor = descriptorOf(input.dataSourceDescriptor, role);
  const { roles, message } = DATA_SOURCES[descriptor];
  if (!roles.some((allowed) => allowed === role)) {
    throw invalid(`${descriptor} cannot be used as a ${ROLES[role].noun}`, [
      {
        field: `${ROLES[role].field}.dataSourceDescriptor`,
        description: `must not be ${descriptor}`,
      },
    ]);
  }
  if (message !== null) checkType(input.params?.['@type'] ?? '', descriptor, message, role);
  return { descriptor, params: paramsOf(descriptor, input.params ?? {}, role) };
}

/** What replies show: every field of the message, the password never. */
export function presentDataSource(stored: StoredDataSource): DataSource {
  const { descriptor, params } = stored;
  const { message } = DATA_SOURCES[descriptor];
  if (message === null) return { dataSourceDescriptor: descriptor, params: null };
  const type = { '@type': DATA_SOURCE_PREFIX + message };
  switch (descriptor) {
    case 'url':
      return {
        dataSourceDescriptor: descriptor,
        params: {
          ...type,
          url: params?.url ?? '',
          name: params?.name ?? '',
          username: params?.username ?? '',
          password: '',
        },
      };
    default:
      return {
        dataSourceDescriptor: descriptor,
        params: { ...type, name: params?.name ?? '' },
      };
  }
}

function descriptorOf(text: string, role: DataSourceRole): DataSourceName {
  for (const [name, { spellings }] of Object.entries(DATA_SOURCES)) {
    if (spellings.some((spelling) => spelling === text)) return name as DataSourceName;
  }
  throw fieldError(
    role,
    'dataSourceDescriptor',
    `must be one of ${Object.keys(DATA_SOURCES).join(', ')}`,
  );
}

function checkType(
  type: string,
  descriptor: DataSourceName,
  message: string,
  role: DataSourceRole,
): void {
  if (type === '') return;
  const name = type.slice(type.lastIndexOf('/') + 1).replace(/^bytenite\.data_source\./, '');
  if (name === message || name === OTHER_MESSAGES[descriptor]) return;
  throw fieldError(role, 'params.@type', `must be ${DATA_SOURCE_PREFIX}${message}`);
}

function paramsOf(
  descriptor: DataSourceName,
  params: DataSourceParams,
  role: DataSourceRole,
): DataSourceParams | null {
  switch (descriptor) {
    case 'url':
      return {
        url: checkUrl(params.url ?? '', role),
        name: params.name ?? '',
        username: params.username ?? '',
        password: params.password ?? '',
      };
    case 'file':
      return { name: params.name ?? '' };
    case 'aws':
    case 'gcp':
    case 'storj':
      throw notBuilt(`the ${ROLES[role].noun} ${descriptor}`);
    case 'bucket':
    case 'bypass':
      return null;
  }
}

function checkUrl(text: string, role: DataSourceRole): string {
  const url = text.trim();
  if (url === '') throw fieldError(role, 'params.url', 'is required');
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw fieldError(role, 'params.url', 'must be an http or https URL');
  }
  return url;
}

function fieldError(role: DataSourceRole, name: string, description: string): ApiError {
  const field = `${ROLES[role].field}.${name}`;
  return invalid(`${field} ${description}`, [{ field, description }]);
}
