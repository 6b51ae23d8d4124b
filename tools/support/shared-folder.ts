// A folder for all test files of one run of the suite, removed at its end: what takes long is made there once.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder's path. */
    sharedFolder: string;
  }
}

/** Makes the folder; vitest calls this before the first test file, and what is returned after the last. */
export function setup({ provide }: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'hybridmed-shared-'));
  provide('sharedFolder', folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/**
 * The folder `name` of the shared one, filled by the first test file that asks for it, in whichever process; the others wait. Nobody may
 * change it afterwards. Throws what `fill` throws, or that another file's `fill` failed.
 */
export async function sharedOnce(shared: string, name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(shared, name);
  const [whole, failed] = [`${folder}.whole`, `${folder}.failed`];
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    while (!existsSync(whole)) {
      if (existsSync(failed)) throw new Error(`${name}: another test file could not make it`, { cause: error });
      await setTimeout(50);
    }
    return folder;
  }
  try {
    await fill(folder);
    writeFileSync(whole, '');
    return folder;
  } catch (error) {
    writeFileSync(failed, '');
    throw error;
  }
}
