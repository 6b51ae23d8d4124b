// A small phantom set and a tiny run on it of three steps per stage, for tests of what a checkpoint is used for.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, inject } from 'vitest';
import { smallPhantoms } from '../../../../tools/support/phantoms.ts';
import { sharedOnce } from '../../../../tools/support/shared-folder.ts';
import { run } from './output.ts';

/** Flags of a quick device. */
export const quickDevice = ['--device', 'cpu', '--threads', '1'];

/** Flags of a run of three steps per stage. */
export const quickTraining = ['--preset', 'tiny', '--steps', '3,3', ...quickDevice, '--workers', '0', '--no-report'];

/** Pre-trains on a phantom set; fails the test where that fails. */
export async function pretrainOn(phantoms: string, out: string, ...flags: readonly string[]): Promise<void> {
  const { code, log } = await run('pretrain', '--data', `phantom:${phantoms}`, ...flags, '--out', out);
  expect(code, log).toBe(0);
}

/**
 * A phantom set and a run on it in a folder. They are made once in a run of the suite, and copied; the copied run's files name the copied
 * set, so that it can be resumed.
 */
export async function trainedPhantoms(folder: string): Promise<{ phantoms: string; trained: string }> {
  const shared = await sharedOnce(inject('sharedFolder'), 'trained-phantoms', async (place) => {
    await pretrainOn(await smallPhantoms(place), join(place, 'run'), ...quickTraining);
  });
  const [phantoms, trained] = [join(folder, 'phantoms'), join(folder, 'run')];
  cpSync(join(shared, 'phantoms'), phantoms, { recursive: true });
  cpSync(join(shared, 'run'), trained, { recursive: true });
  for (const name of ['run.json', 'provenance.json']) {
    const file = join(trained, name);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(join(shared, 'phantoms'), phantoms));
  }
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
