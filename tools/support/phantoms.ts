// Temporary folders and a small phantom set on disk, for the tests of one file.
import { join } from 'node:path';
import { writePhantoms } from '@hybridmed/phantoms';

export { temporaryFolder } from './temporary-folder.ts';

/** Makes a phantom set of 80 small images. */
export async function smallPhantoms(parent: string): Promise<string> {
  const folder = join(parent, 'phantoms');
  await writePhantoms(folder, { studies: 80, size: 40, seed: 3 });
  return folder;
}
