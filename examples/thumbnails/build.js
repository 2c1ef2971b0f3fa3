/**
 * Bundles each component's program with the libraries that it uses into one file, app/main.js: nothing is
 * installed where a task runs.
 */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('.', import.meta.url));

for (const component of ['partitioner', 'app', 'assembler']) {
  await build({
    entryPoints: [`${here}src/${component}.js`],
    outfile: `${here}${component}/app/main.js`,
    bundle: true,
    minify: true,
    legalComments: 'linked',
    platform: 'node',
    format: 'cjs',
    target: 'node20',
  });
}
