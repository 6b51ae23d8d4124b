// A temporary folder, for the tests of one file.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary folder, removed by the function beside it. */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
