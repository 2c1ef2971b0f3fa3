/** What a skeleton is written in: the end of its file's name, which also chooses the interpreter, and its image. */
export const LANGUAGES = {
  python: { extension: '.py', container: 'python:latest' },
  node: { extension: '.mjs', container: 'node:lts' },
  sh: { extension: '.sh', container: 'debian:stable-slim' },
} as const;
export type Language = keyof typeof LANGUAGES;

export const LANGUAGE_NAMES = Object.keys(LANGUAGES) as Language[];
