import { z } from 'zod';

export const BackupReply = z
  .object({
    id: z.string(),
    file: z.string().describe("The database's snapshot, below the platform's data directory"),
    holdSeconds: z
      .number()
      .describe('So long nothing is deleted from the blob store, unless it is renewed'),
  })
  .meta({ id: 'Backup' });
