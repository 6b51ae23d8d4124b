// Image files of a folder by name, listed once.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';

const endings = new Set(['.png', '.jpg', '.jpeg', '.dcm', '.dicom']);

/** Whether a file's name is an image's. */
export const isImageName = (name: string): boolean => endings.has(extname(name).toLowerCase());

/** Image files of the first of some places in a folder that holds any, by name. */
export function imagesIn(folder: string, places: readonly string[]): Map<string, string> {
  for (const place of places) {
    const path = join(folder, place);
    if (!existsSync(path) || !statSync(path).isDirectory()) continue;
    const names = readdirSync(path).filter(isImageName);
    if (names.length > 0) return new Map(names.map((name) => [name, join(path, name)]));
  }
  return new Map();
}

/** The same by name without its ending; of several, the first in the order of the file system's list. */
export function byStem(images: ReadonlyMap<string, string>): Map<string, string> {
  const stems = new Map<string, string>();
  for (const [name, path] of images) {
    const stem = name.slice(0, -extname(name).length);
    if (!stems.has(stem)) stems.set(stem, path);
  }
  return stems;
}
