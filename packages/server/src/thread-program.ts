/**
 * The program of a worker thread that lies beside a module, compiled and from sources alike with the same
 * ending. Run from sources (tests, tsx), Node 20 needs to be taught TypeScript inside the thread as well.
 */
export function programBeside(module: string, name: string): URL {
  if (!module.endsWith('.ts')) return new URL(`./${name}.js`, module);
  const tsx = import.meta.resolve('tsx/esm/api');
  const code = [
    `import { register } from ${JSON.stringify(tsx)};`,
    'register();',
    `await import(${JSON.stringify(new URL(`./${name}.ts`, module).href)});`,
  ];
  return new URL(`data:text/javascript,${encodeURIComponent(code.join('\n'))}`);
}
