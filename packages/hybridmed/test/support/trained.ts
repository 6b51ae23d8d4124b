// A small phantom set and a tiny run on it of three steps per stage, for tests of what a checkpoint is used for.
import { join } from 'node:path';
import { expect } from 'vitest';
import { smallPhantoms } from '../../../../tools/support/phantoms.ts';
import { run } from './output.ts';

/** Flags of a quick device. */
export const quickDevice = ['--device', 'cpu', '--threads', '1'];

/** Makes both in a folder. */
export async function trainedPhantoms(folder: string): Promise<{ phantoms: string; trained: string }> {
  const phantoms = await smallPhantoms(folder);
  const trained = join(folder, 'run');
  const { code, log } = await run(
    'pretrain',
    '--data',
    `phantom:${phantoms}`,
    '--preset',
    'tiny',
    '--steps',
    '3,3',
    ...quickDevice,
    '--workers',
    '0',
    '--out',
    trained,
  );
  expect(code, log).toBe(0);
  return { phantoms, trained };
}

/** Expects a command to fail with exit code 1, nothing on standard output, and a last line that has every word. */
export async function fails(args: readonly string[], ...words: readonly string[]): Promise<void> {
  const { code, out, log } = await run(...args);
  expect(code, log).toBe(1);
  expect(out).toBe('');
  const last = log.trim().split('\n').at(-1)!;
  for (const word of words) expect(last).toContain(word);
}
