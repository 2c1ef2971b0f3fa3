/** `node scripts/suite.js kill|chaos [OPTIONS]`: builds, then runs tests/NAME/main.ts. */
import { fail, UserError } from './lib/progress.js';
import { runWithTsx } from './lib/with-tsx.js';

const SUITES = ['kill', 'chaos'];

async function main() {
  const [name = '', ...args] = process.argv.slice(2);
  if (!SUITES.includes(name)) throw new UserError(`Usage: npm run ${SUITES.join('|')} [OPTIONS]`);
  process.exitCode = await runWithTsx(`tests/${name}/main.ts`, args);
}

await main().catch(fail);
