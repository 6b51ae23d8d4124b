// A saved encoder's card says what its run was trained with, and the validation of the very checkpoint that it was saved from.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';
import { pretrainOn, quickDevice } from './support/trained.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

test('the card names the epoch of the best checkpoint, whichever loss is watched', async () => {
  const out = join(folder, 'run');
  const flags = ['--preset', 'tiny', '--no-stage1', '--epochs', '0,2', '--workers', '0', '--no-report', ...quickDevice];
  // Without captioning the first loss of the method that is trained is watched: local contrast here.
  await pretrainOn(await smallPhantoms(folder), out, ...flags, '--no-cap', '--no-cg', '--no-dis');
  const { best } = JSON.parse(readFileSync(join(out, 'checkpoints/stage2-last/trainer.json'), 'utf8'));
  // In the first epoch the card would be right by chance.
  expect(best.epoch).toBe(2);
  const card = join(folder, 'saved');
  const { code, log } = await run('save', out, '--part', 'vision', '--out', card);
  expect(code, log).toBe(0);
  const text = readFileSync(join(card, 'README.md'), 'utf8');
  const value = String(Number(best.value.toPrecision(4)));
  expect(text).toMatch(new RegExp(`Validation after epoch ${best.epoch} of stage 2, nats per study: cl ${value}, sum [\\d.]+\\.`));
  expect(text).toContain('Loss weights: cg 0, cl 1, sum 1, cap 0, dis 0.');
});
