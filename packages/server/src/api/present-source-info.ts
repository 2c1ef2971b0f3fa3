import type { DataSourceInfo } from '@bytenite/contract';
import type { FoundFile } from '../engine/jobs/test-data-source.ts';

/** What was found at a source; empty values where nothing can be. */
export function presentSourceInfo(found: FoundFile | null, listFiles: boolean): DataSourceInfo {
  const file = found === null ? [] : [fileOf(found)];
  return {
    filename: found?.name ?? '',
    path: found?.path ?? '',
    size: String(found?.size ?? 0),
    properties: found?.properties ?? {},
    tempUrl: '',
    files: listFiles ? { name: '', path: '', directories: [], files: file } : null,
  };
}

function fileOf({ name, path, size }: FoundFile) {
  return { id: path, name, path, size: String(size ?? 0) };
}
