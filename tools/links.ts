// Links of the repository's Markdown documents, and which of them lead nowhere. Addresses of other hosts are left to readers.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

/** Documents whose links are checked, from `root`. */
export function documentsOf(root: string): string[] {
  const below = (folder: string): string[] =>
    readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return ['node_modules', 'dist', 'api'].includes(entry.name) ? [] : below(path);
      return entry.name.endsWith('.md') ? [path] : [];
    });
  const readmes = readdirSync(join(root, 'packages')).map((name) => join('packages', name, 'README.md'));
  return [
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', join('benchmarks', 'README.md'), ...readmes].filter((path) => existsSync(join(root, path))),
    ...below('docs'),
    ...below('examples'),
  ];
}

/** The text without code, in which brackets are no links. */
const prose = (text: string): string => text.replaceAll(/^(`{3,}|~{3,})[\s\S]*?^\1.*$/gm, '').replaceAll(/`[^`\n]*`/g, (code) => 'x'.repeat(code.length));

/** Targets of a document's links and images. */
export const linksOf = (text: string): string[] => [
  ...[...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map(([, target]) => target!),
  ...[...prose(text).matchAll(/^\[[^\]]+\]:\s*(\S+)/gm)].map(([, target]) => target!),
  ...[...prose(text).matchAll(/<(?:img|a)\b[^>]*\b(?:src|href)="([^"]+)"/g)].map(([, target]) => target!),
];

/** Anchors of a document's headings, as GitHub makes them. */
export function anchorsOf(text: string): string[] {
  const used = new Map<string, number>();
  const withoutFences = text.replaceAll(/^(`{3,}|~{3,})[\s\S]*?^\1.*$/gm, '');
  return [...withoutFences.matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map(([, heading]) => {
    const slug = heading!
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const count = used.get(slug) ?? 0;
    used.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

/** What is wrong with a document's links: one line each. `path` is relative to `root`. */
export function brokenLinks(root: string, path: string, text: string): string[] {
  return linksOf(text).flatMap((link) => {
    if (/^[a-z][a-z+.-]*:/i.test(link)) return [];
    const [file = '', anchor] = decodeURI(link).split('#');
    const target = file === '' ? join(root, path) : resolve(root, dirname(path), file);
    if (relative(root, target).startsWith('..')) return [`${path}: ${link} leads out of the repository`];
    if (!existsSync(target)) return [`${path}: ${link} does not exist`];
    if (anchor === undefined) return [];
    if (!target.endsWith('.md') || statSync(target).isDirectory()) return [`${path}: ${link} has an anchor, but is no document`];
    const source = file === '' ? text : readFileSync(target, 'utf8');
    return anchorsOf(source).includes(anchor) ? [] : [`${path}: ${link}: ${relative(root, target)} has no such heading`];
  });
}
