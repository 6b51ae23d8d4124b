// Which files are on disk, asked folder by folder: where a folder is missing, its files are not looked for.
import { existsSync } from 'node:fs';

/** Looks for files and folders under a root. */
export interface FilePresence {
  /** Whether a folder, written with `/` at its end, is there. */
  folder(path: string): boolean;
  /** The index of the first ending that a path without one is there with, or -1. */
  file(stem: string): number;
}

/** Makes a look-up of files with one of some endings. Paths that stand together should be asked together: what is remembered is the last folder. */
export function filePresence(root: string, endings: readonly string[]): FilePresence {
  // The last folder that is there, and the last that is not; both as `a/b/`.
  let [there, missing] = ['', '\0'];
  const hasFolder = (folder: string): boolean => {
    if (folder === '' || there.startsWith(folder)) return true;
    if (folder.startsWith(missing)) return false;
    for (let slash = folder.indexOf('/'); slash >= 0; slash = folder.indexOf('/', slash + 1)) {
      const part = folder.slice(0, slash + 1);
      if (there.startsWith(part)) continue;
      if (!existsSync(`${root}/${part}`)) {
        missing = part;
        return false;
      }
    }
    there = folder;
    return true;
  };
  return {
    folder: hasFolder,
    file: (stem) => (hasFolder(stem.slice(0, stem.lastIndexOf('/') + 1)) ? endings.findIndex((ending) => existsSync(`${root}/${stem}${ending}`)) : -1),
  };
}
