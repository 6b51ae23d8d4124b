// Temporary folders and a small phantom set on disk, for the tests of one file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePhantoms } from '@hybridmed/phantoms';

/** A temporary folder, removed by the function beside it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Makes a phantom set of 80 small images. */
export async function smallPhantoms(parent: string): Promise<string> {
  const folder = join(parent, 'phantoms');
  await writePhantoms(folder, { studies: 80, size: 40, seed: 3 });
  return folder;
}
