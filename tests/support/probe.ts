/** What the runner's program finds on this machine: not every machine lets namespaces be made. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const PROGRAM = path.resolve(import.meta.dirname, '../../packages/runner/dist/main.js');

/** The strongest tier that works here. */
export function tierHere(): string {
  const stdout = execFileSync(process.execPath, [PROGRAM, '--probe'], { timeout: 60_000 });
  const { sandbox } = JSON.parse(stdout.toString()) as { sandbox: { tier: string } | string };
  return typeof sandbox === 'string' ? `none: ${sandbox}` : sandbox.tier;
}
