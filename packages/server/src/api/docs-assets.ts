/** The files of the page that shows a service's calls: Swagger UI's own, and what starts it. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

export interface DocsAsset {
  text: string;
  type: string;
}

const SCRIPT = 'text/javascript; charset=utf-8';

const LIBRARY_FILES: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': SCRIPT,
};

/** A key is used in place of a token, as it is: what people have at hand. */
const START = `
const page = document.getElementById('page');
const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
dark.addEventListener('change', paint);
paint();
SwaggerUIBundle({
  url: page.dataset.description,
  domNode: page,
  validatorUrl: null,
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: 'list',
  tryItOutEnabled: true,
});
`;

/** One of the files by its name; undefined for any other. */
export async function readDocsAsset(name: string): Promise<DocsAsset | undefined> {
  if (name === 'start.js') return { text: START, type: SCRIPT };
  if (!Object.hasOwn(LIBRARY_FILES, name)) return undefined;
  const manifest = createRequire(import.meta.url).resolve('swagger-ui-dist/package.json');
  const text = await readFile(path.join(path.dirname(manifest), name), 'utf8');
  return { text, type: LIBRARY_FILES[name] ?? SCRIPT };
}
