import { createRequire } from 'node:module';

const manifest = createRequire(import.meta.url)('@bytenite/runner/package.json') as {
  version: string;
};

/** Told to the server at registration. */
export const RUNNER_VERSION = manifest.version;
