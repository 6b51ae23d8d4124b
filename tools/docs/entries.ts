// The public entries of every package, read from the packages' own `exports`.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One public entry: the specifier users import, the source file it names, and a sentence about it. */
export interface Entry {
  readonly specifier: string;
  readonly file: string;
  readonly summary: string;
}

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly private?: boolean;
  readonly exports?: Readonly<Record<string, string | { readonly 'hybridmed-source'?: string }>>;
}

/** The comment a file opens with. */
const openingComment = (file: string): string =>
  (/^(?:\/\/ .*\n)+/.exec(readFileSync(file, 'utf8'))?.[0] ?? '')
    .replaceAll(/^\/\/ /gm, '')
    .replaceAll('\n', ' ')
    .trim();

/** Entries of all packages below `root/packages`, the main entry of each first. Throws where one names a file that does not exist. */
export function publicEntries(root: string): Entry[] {
  const packages = readdirSync(join(root, 'packages')).filter((name) => existsSync(join(root, 'packages', name, 'package.json')));
  return packages.flatMap((folder) => {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', folder, 'package.json'), 'utf8')) as Manifest;
    if (manifest.private) return [];
    return Object.entries(manifest.exports ?? {}).flatMap(([path, target]) => {
      const source = typeof target === 'string' ? undefined : target['hybridmed-source'];
      if (source === undefined) return [];
      const file = join(root, 'packages', folder, source);
      if (!existsSync(file)) throw new Error(`packages/${folder}/package.json exports ${path} from ${source}, which does not exist`);
      return [{ specifier: `${manifest.name}${path.slice(1)}`, file, summary: path === '.' ? manifest.description : openingComment(file) }];
    });
  });
}
