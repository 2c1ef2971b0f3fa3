/** Where a job's blobs lie. Data ends with retention, logs with the job. */
export const jobPrefix = (no: number): string => `job/${no}`;
export const dataPrefix = (no: number): string => `job/${no}/data`;
export const logPrefix = (no: number): string => `job/${no}/logs`;
/** Results too large for an exchange, each below its attempt. */
export const resultsPrefix = (no: number): string => `${dataPrefix(no)}/results`;
