/** Where each task's files lie in the assembler's directory (contract 8.4). */

export interface ResultFile {
  chunk: number;
  path: string;
}

/**
 * Final paths, in the order given. A path that one task wrote stays; one that several wrote, or that is a
 * folder of another task, becomes `<stem>_<chunk><ext>` for each, with `_<chunk>` appended again while
 * that is taken.
 */
export function placeResults(files: readonly ResultFile[]): string[] {
  const writers = new Map<string, number>();
  for (const { path } of files) writers.set(path, (writers.get(path) ?? 0) + 1);
  const folders = foldersOf(writers.keys());
  const stays = (path: string) => writers.get(path) === 1 && !folders.has(path);
  const taken = new Set(folders);
  for (const path of writers.keys()) if (stays(path)) taken.add(path);
  return files.map(({ path, chunk }) => {
    if (stays(path)) return path;
    let placed = withChunk(path, chunk);
    while (taken.has(placed)) placed = withChunk(placed, chunk);
    taken.add(placed);
    return placed;
  });
}

function foldersOf(paths: Iterable<string>): Set<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    let slash = path.lastIndexOf('/');
    // A folder that is known has known parents.
    while (slash > 0 && !folders.has(path.slice(0, slash))) {
      folders.add(path.slice(0, slash));
      slash = path.lastIndexOf('/', slash - 1);
    }
  }
  return folders;
}

function withChunk(path: string, chunk: number): string {
  const slash = path.lastIndexOf('/');
  const dot = path.lastIndexOf('.');
  // A leading dot names a hidden file and starts no suffix.
  const cut = dot > slash + 1 ? dot : path.length;
  return `${path.slice(0, cut)}_${chunk}${path.slice(cut)}`;
}
