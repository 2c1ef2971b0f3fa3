/** Files to and from the platform's links; for Node only. */
export { downloadFile } from './download.ts';
export { uploadFile, uploadStream } from './upload.ts';
export type { TransferOptions } from './transfer.ts';
