// The commit that a folder's working copy is at, as Git's files say it: nothing is run.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const read = (file: string): string | undefined => {
  try {
    return statSync(file).size <= 2 ** 20 ? readFileSync(file, 'utf8').trim() : undefined;
  } catch {
    return undefined;
  }
};

const commitOf = (text: string | undefined): string | undefined => (text !== undefined && /^[0-9a-f]{40}([0-9a-f]{24})?$/.test(text) ? text : undefined);

/** Git's folder of a working copy: `.git`, or what a file of that name says. */
function gitFolder(place: string): string {
  const named = /^gitdir: (.+)$/.exec(read(join(place, '.git')) ?? '')?.[1];
  return named === undefined ? join(place, '.git') : resolve(place, named);
}

/** The commit of the working copy in which a folder lies; undefined where it lies in none, or that has no commit yet. */
export function gitCommit(folder: string): string | undefined {
  let place = resolve(folder);
  while (!existsSync(join(place, '.git'))) {
    if (place === dirname(place)) return undefined;
    place = dirname(place);
  }
  const git = gitFolder(place);
  const head = read(join(git, 'HEAD'));
  const ref = /^ref: (refs\/[\w./-]+)$/.exec(head ?? '')?.[1];
  if (ref === undefined || ref.split('/').includes('..')) return commitOf(head);
  // Working copies beside the first one share its references.
  const common = resolve(git, read(join(git, 'commondir')) ?? '.');
  const packed = (): string | undefined =>
    read(join(common, 'packed-refs'))
      ?.split('\n')
      .find((line) => line.endsWith(` ${ref}`))
      ?.split(' ')[0];
  return commitOf(read(join(git, ref))) ?? commitOf(read(join(common, ref))) ?? commitOf(packed());
}
