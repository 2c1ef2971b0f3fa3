/** Files to and from the platform's links; for Node only. */
export { downloadFile } from './download.ts';
export { downloadResults, UnsafeNameError, type Downloaded } from './download-results.ts';
export { fileInput, uploadFile, uploadStream } from './files.ts';
export type { TransferOptions } from '../transfer.ts';
