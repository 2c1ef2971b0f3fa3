/**
 * A backup is a tar: `backup.json`, the database, the master key where it is included, then the blobs.
 * After every DIGESTS_EVERY files comes an entry with their sizes and digests, and `end.json` comes last:
 * what has none was cut off. Nothing needs the memory of more than one such group.
 */
import { createHash } from 'node:crypto';

export const FORMAT = 'bytenite-backup';
export const FORMAT_VERSION = 1;
export const DIGESTS_EVERY = 1000;

export const HEADER = 'backup.json';
export const DATABASE = 'bytenite.db';
export const MASTER_KEY = 'master-key';
export const BLOB_FOLDER = 'blobs/';
export const DIGEST_FOLDER = 'digests/';
export const END = 'end.json';

export interface BackupHeader {
  format: typeof FORMAT;
  version: number;
  createdAt: string;
  /** Id of the master key that opens the secrets inside; null where none was ever needed. */
  masterKeyId: string | null;
  hasMasterKey: boolean;
}

export interface FileDigest {
  name: string;
  size: number;
  sha256: string;
}

export interface BackupEnd {
  files: number;
  bytes: number;
  /** SHA-256 over the digests of all files, in their order. */
  sha256: string;
  /** Files that the database names and that were not there to be copied. */
  missing: number;
}

/** What both sides keep while files pass. */
export class DigestLog {
  readonly all = createHash('sha256');
  files = 0;
  bytes = 0;
  /** Those since the last group. */
  group: FileDigest[] = [];

  add(digest: FileDigest): void {
    this.files += 1;
    this.bytes += digest.size;
    this.all.update(`${digest.name} ${digest.size} ${digest.sha256}\n`);
    this.group.push(digest);
  }

  takeGroup(): FileDigest[] {
    const group = this.group;
    this.group = [];
    return group;
  }
}
