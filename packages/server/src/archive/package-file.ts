export interface PackageFile {
  mode: 0o644 | 0o755;
  content: Buffer;
}

/** Files of a package by their path: `/`-separated, relative, without `.` and `..`. */
export type PackageFiles = Map<string, PackageFile>;
