/** The GPUs of this machine: as the operator declares them, or as their driver's own tool lists them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Logger } from 'pino';
import { describeError } from './errors.ts';

export interface Gpu {
  model: string;
  /** As CUDA_VISIBLE_DEVICES names it. */
  device: string;
}

const TOOL = 'nvidia-smi';
const TIMEOUT_MS = 10_000;
/** As many as a runner may tell of. */
const MAX_GPUS = 64;

/** Declared ones are numbered in their order, as the driver does; `none` declares that there are none. */
export async function findGpus(declared: readonly string[], log: Logger): Promise<Gpu[]> {
  if (declared.length > 0) {
    const models = declared.filter((model) => model !== 'none');
    return models.map((model, i) => ({ model, device: String(i) }));
  }
  try {
    const args = ['--query-gpu=uuid,name', '--format=csv,noheader'];
    const { stdout } = await promisify(execFile)(TOOL, args, { timeout: TIMEOUT_MS });
    return parseGpus(stdout);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      log.warn({ error: describeError(error) }, `${TOOL} does not work: no GPU is offered`);
    }
    return [];
  }
}

/** Lines like `GPU-5f3b…, Tesla T4`. */
export function parseGpus(text: string): Gpu[] {
  const lines = text.split('\n').flatMap((line) => {
    const [, device = '', model = ''] = /^\s*(GPU-[\w-]+)\s*,\s*(.+?)\s*$/.exec(line) ?? [];
    return device === '' ? [] : [{ device, model }];
  });
  return lines.slice(0, MAX_GPUS);
}
