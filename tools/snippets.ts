// Code blocks of the repository's documents: where they are, what they import, and what an install line brings.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { documentsOf } from './links.ts';

/** A fenced block of a document. */
export interface Snippet {
  /** `README.md:33`, for messages and names of tests. */
  readonly place: string;
  readonly document: string;
  /** What the fence says; empty for blocks that are no code. */
  readonly language: string;
  readonly code: string;
}

/** The blocks of a document. */
export const snippetsIn = (document: string, text: string): Snippet[] =>
  [...text.matchAll(/^(`{3,})([^\n`]*)\n([\s\S]*?)^\1\s*$/gm)].map((match) => ({
    place: `${document}:${text.slice(0, match.index).split('\n').length}`,
    document,
    language: match[2]!.trim(),
    code: match[3]!,
  }));

/** The blocks of all documents whose links are checked too. */
export const snippetsOf = (root: string): Snippet[] => documentsOf(root).flatMap((path) => snippetsIn(path, readFileSync(join(root, path), 'utf8')));

/** The package that a specifier names. */
export const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** Packages that a snippet imports, those of Node left out. */
export function importsOf({ code }: Snippet): string[] {
  const specifiers = [...code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g)].map(([, specifier]) => specifier!);
  return [...new Set(specifiers.filter((specifier) => !/^(?:node:|\.)/.test(specifier)).map(packageOf))];
}

/** Packages that `npm install` lines in blocks of shell name, without their versions. */
export const installedBy = (snippets: readonly Snippet[]): string[] =>
  snippets
    .filter(({ language }) => language === 'sh')
    .flatMap(({ code }) => [...code.matchAll(/\bnpm install ([^\n#&|]+)/g)].flatMap(([, words]) => words!.trim().split(/\s+/)))
    .filter((word) => !word.startsWith('-'))
    .map((word) => word.replace(/(?<=.)@.*$/, ''));
