// Paths that tables name: kept inside the folder they are relative to.
import { isAbsolute, relative, resolve, sep } from 'node:path';

/** The path of a file that a table names relative to `folder` (absolute), or undefined where it is empty or leads out of the folder. */
export function pathInside(folder: string, name: string): string | undefined {
  if (name.includes('\0')) return undefined;
  const path = resolve(folder, name);
  const inside = relative(folder, path);
  return inside === '' || inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside) ? undefined : path;
}
