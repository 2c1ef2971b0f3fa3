/** Where the master keys are kept: in the environment, or in a file that the first start makes. */
import type { ServerConfig } from '../config/config.ts';
import { readPrivateFile, writePrivateFile } from '../private-file.ts';
import { formatMasterKeys, newMasterKey, parseMasterKeys, type MasterKeys } from './master-keys.ts';

export interface MasterKeySource {
  /** As messages name it. */
  name: string;
  /** `isFirst`: nothing was encrypted yet, a missing key is made. */
  read: (isFirst: boolean) => Promise<MasterKeys>;
  /** Absent where the keys are not this program's to change. */
  write?: (keys: MasterKeys) => Promise<void>;
}

/** The environment's where it has any, else the file's. */
export function masterKeysOf(
  config: Pick<ServerConfig, 'masterKey' | 'masterKeyFile'>,
): MasterKeySource {
  return config.masterKey === null
    ? fileKeys(config.masterKeyFile)
    : environmentKeys('BYTENITE_MASTER_KEY', config.masterKey);
}

function environmentKeys(variable: string, text: string): MasterKeySource {
  return { name: variable, read: async () => parseMasterKeys(text, variable) };
}

function fileKeys(file: string): MasterKeySource {
  const write = (keys: MasterKeys) => writePrivateFile(file, formatMasterKeys(keys));
  return {
    name: file,
    async read(isFirst) {
      const text = await readPrivateFile(file);
      if (text !== null) return parseMasterKeys(text, file);
      if (!isFirst) {
        throw new Error(
          `${file} is missing: it holds the master key that the secrets in this database were encrypted with; put it back from your backup`,
        );
      }
      const keys: MasterKeys = [newMasterKey()];
      await write(keys);
      return keys;
    },
    write,
  };
}
