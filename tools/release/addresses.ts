// Where the repository is to be found in public, and what follows from it: fields of each package's manifest, and links of the READMEs that
// are published. addresses.json is the only place that names it; with an empty `repository` everything stays as it is.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join, posix, relative, resolve, sep } from 'node:path';

/** The public repository, `https://HOST/OWNER/NAME`, and the branch that links lead to. */
export interface Addresses {
  readonly repository: string;
  readonly branch: string;
}

/** The addresses of a checkout, undefined where none is set. Throws an Error for one that is no https address of a repository. */
export function addressesOf(root: string): Addresses | undefined {
  const file = join(root, 'tools/release/addresses.json');
  const { repository = '', branch = 'main' } = JSON.parse(readFileSync(file, 'utf8')) as Partial<Addresses>;
  if (repository === '') return undefined;
  if (!/^https:\/\/[\w.-]+\/[\w.-]+\/[\w.-]+$/.test(repository) || repository.endsWith('.git'))
    throw new Error(`${file}: repository is "${repository}"; write https://HOST/OWNER/NAME`);
  return { repository, branch };
}

/** The manifest's fields for a package in `folder` of the repository. */
export const manifestFields = ({ repository, branch }: Addresses, folder: string) => ({
  homepage: `${repository}/tree/${branch}/${folder}#readme`,
  repository: { type: 'git', url: `git+${repository}.git`, directory: folder },
  bugs: { url: `${repository}/issues` },
});

/** A document's text with its relative links made absolute; code, anchors of its own and other addresses are left alone. */
export function absoluteLinks(root: string, path: string, text: string, { repository, branch }: Addresses): string {
  const address = (link: string): string => {
    if (/^[a-z][a-z+.-]*:|^#/i.test(link)) return link;
    const [file = '', anchor] = link.split('#');
    const target = relative(root, resolve(root, dirname(path), file))
      .split(sep)
      .join(posix.sep);
    const kind = /\.(?:png|jpe?g|svg|gif)$/i.test(file) ? 'raw' : 'blob';
    return `${repository}/${kind}/${branch}/${target}${anchor === undefined ? '' : `#${anchor}`}`;
  };
  // Every second part is code.
  const parts = text.split(/(^```[\s\S]*?^```.*$|`[^`\n]*`)/m);
  const withAddresses = (part: string): string =>
    part
      .replaceAll(/\]\(([^)\s]+)\)/g, (_, link: string) => `](${address(link)})`)
      .replaceAll(/\b(src|href)="([^"]+)"/g, (_, name: string, link: string) => `${name}="${address(link)}"`);
  return parts.map((part, index) => (index % 2 === 1 ? part : withAddresses(part))).join('');
}

/** What tools read of a package's manifest. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly keywords?: readonly string[];
}

/** The manifest in a folder. */
export const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/** Folders of the packages that are published, from the root. */
export const publishedFolders = (root: string): string[] =>
  readdirSync(join(root, 'packages'))
    .map((name) => posix.join('packages', name))
    .filter((folder) => existsSync(join(root, folder, 'package.json')) && readManifest(join(root, folder)).private !== true);

/** Writes addresses into manifests and READMEs of the published packages of a checkout; false where none is set. */
export function fillAddresses(root: string): boolean {
  const addresses = addressesOf(root);
  if (!addresses) return false;
  for (const folder of publishedFolders(root)) {
    const fields = { ...readManifest(join(root, folder)), ...manifestFields(addresses, folder) };
    writeFileSync(join(root, folder, 'package.json'), `${JSON.stringify(fields, null, 2)}\n`);
    const readme = posix.join(folder, 'README.md');
    writeFileSync(join(root, readme), absoluteLinks(root, readme, readFileSync(join(root, readme), 'utf8'), addresses));
  }
  return true;
}
