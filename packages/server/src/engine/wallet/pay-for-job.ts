import { v7 as uuidv7 } from 'uuid';
import { isTerminal } from '../../domain/job-state.ts';
import { effectiveTag } from '../../domain/job-doc.ts';
import { beforeCommit } from '../../store/before-commit.ts';
import { findJobByNo, readJobDoc, updateJob } from '../../store/jobs.ts';
import { bookTransaction } from '../../store/ledger.ts';
import type { Tx } from '../../store/store.ts';

/**
 * Books what an ended job costs, at the end of the transaction that ends it: attempts that end in the same
 * transaction may still be priced, and the book is locked last. After a retry it is the difference.
 */
export function payAtCommit(tx: Tx, no: number, now: number): void {
  beforeCommit(tx, `pay for job ${no}`, () => payForJob(tx, no, now));
}

async function payForJob(tx: Tx, no: number, now: number): Promise<void> {
  const job = await findJobByNo(tx, no);
  if (job === undefined || !isTerminal(job.state)) return;
  const amount = job.price - job.paid;
  if (amount <= 0) return; // a test job, or one of which nothing ran
  const doc = await readJobDoc(tx, no);
  await updateJob(tx, job, { paid: job.price });
  await bookTransaction(tx, {
    id: uuidv7(),
    created_at: now,
    type: 'payment',
    account: job.account,
    direction: 'to platform',
    amount,
    description: `Job with ${job.template_id || effectiveTag(doc, 'app')}`,
    notes: '',
    entity_id: job.id,
    entity_name: job.name,
    template: job.template_id,
    job: no,
    run: job.run,
  });
}
