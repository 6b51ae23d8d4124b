import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { built, projectWithExamples } from '../tools/support/packed.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
// The page takes a checkpoint and serves until it is stopped; it has a test of its own.
const examples = readdirSync(folder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(`${folder}${entry.name}/main.ts`) && entry.name !== 'radiograph-page')
  .map(({ name }) => name);
const says: Readonly<Record<string, RegExp>> = {
  'custom-vision-encoder': /loss [\d.]+ -> [\d.]+ with a convolutional encoder/,
  'losses-alone': /L_CG \+ L_CL = [\d.]+; gradients: grad\.image, grad\.text, grad\.patch, grad\.word/,
  'one-kernel': /attention on .+: [\d.]+ ms, [\d.]+ GFLOP\/s, maximum error \d\.\de-\d/,
  'own-model': /loss 1\.\d\d -> 0\.\d+; accuracy on unseen points (0\.9|1\.0)/,
  'run-exported': /from the image: .*\nthe same as the impression of hybridmed generate/,
  'pretrain-own-csv': /after 15 steps, from findings: /,
};

/** Installed packages bring no Dawn and no software adapter: what needs one runs on the sources. */
const needsAdapter = new Set(['one-kernel']);

/** An example's program and the flags of Node: from packages as they would be published, or from the sources where those are not built. */
async function programOf(name: string): Promise<string[]> {
  const installed = built && !needsAdapter.has(name);
  const from = installed ? `${await projectWithExamples(inject('sharedFolder'))}/examples/` : folder;
  return [...(installed ? [] : ['--conditions=hybridmed-source']), '--import', import.meta.resolve('tsx'), `${from}${name}/main.ts`];
}

test.each(examples)('%s runs and says what it did', async (name) => {
  const { stdout } = await promisify(execFile)(process.execPath, await programOf(name));
  expect(stdout).toMatch(says[name]!);
  if (name === 'custom-vision-encoder') {
    const [, first, last] = /loss ([\d.]+) -> ([\d.]+)/.exec(stdout)!;
    expect(Number(last)).toBeLessThan(0.8 * Number(first));
  }
});
