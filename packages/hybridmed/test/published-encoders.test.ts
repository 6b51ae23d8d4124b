// Image encoders as their libraries publish them: trained further, saved under the same names, and read back.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pretrainedVision } from 'hybridmed/encoders';
import { readSafetensors } from 'hybridmed/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const published = fileURLToPath(new URL('../../../../shared/goldens-2/published/', import.meta.url));
// The others' way is the same: packages/vision/test/published-forms.test.ts reads what they save.
const names = existsSync(published) ? ['xrv-densenet', 'timm-efficientnet-lite', 'timm-convnext'] : [];

const { folder, remove } = temporaryFolder();
afterAll(remove);
let data: string;

beforeAll(async () => {
  data = await smallPhantoms(folder);
});

/** First layers that take in the normalization of their images. */
const folded: Readonly<Record<string, string>> = { 'timm-convnext': 'stem.0.weight' };

interface TimmLike {
  readonly architecture: string;
  readonly pretrained_cfg?: { readonly mean: readonly number[]; readonly std: readonly number[] };
  readonly input_range?: readonly number[];
}
const configOf = (path: string): TimmLike => JSON.parse(readFileSync(join(path, 'config.json'), 'utf8')) as TimmLike;

describe.skipIf(names.length === 0)('encoders of ../shared/goldens-2/published (skipped where it is absent)', () => {
  test.each(names)('%s: trained further, saved in the same naming, and read back as it was', { timeout: 120_000 }, async (name) => {
    const path = join(published, name);
    const [out, saved] = [join(folder, name), join(folder, `${name}-saved`)];
    const flags = ['--data', `phantom:${data}`, '--preset', 'tiny', '--steps', '2,3', '--epochs', '1,1', '--image-size', '32', '--device', 'cpu'];
    const trained = await run('pretrain', ...flags, '--vision', `hf:${path}`, '--out', out);
    expect(trained.code, trained.log).toBe(0);
    expect(trained.log).toContain('images normalized by mean');
    expect(readFileSync(join(out, 'provenance.json'), 'utf8')).toContain('images normalized by mean');

    const { out: printed } = await run('save', out, '--part', 'vision', '--out', saved, '--json');
    const { checkpoint } = JSON.parse(printed) as { checkpoint: string };
    const [before, after] = [await readSafetensors(join(path, 'model.safetensors')), await readSafetensors(join(saved, 'model.safetensors'))];
    for (const [tensor, { shape }] of Object.entries(after.arrays)) {
      const wanted = before.arrays[tensor]?.shape;
      expect(wanted, tensor).toBeDefined();
      // A first layer that pads nothing takes the images as they are: one grey channel.
      if (shape[1] === wanted![1]) expect(shape, tensor).toEqual(wanted);
      else expect([folded[name], wanted![0], 1, ...wanted!.slice(2)]).toEqual([tensor, ...shape]);
    }
    expect(Object.entries(after.arrays).some(([tensor, { data: values }]) => values.some((value, i) => value !== before.arrays[tensor]!.data[i]))).toBe(true);
    const [original, ours] = [configOf(path), configOf(saved)];
    expect(ours.architecture).toBe(original.architecture);
    if (!folded[name]) expect([ours.pretrained_cfg?.mean, ours.input_range]).toEqual([original.pretrained_cfg?.mean, original.input_range]);

    const [first, again] = [await pretrainedVision(path, { size: 32, channels: 1 }), await pretrainedVision(saved, { size: 32, channels: 1 })];
    expect(again.config).toEqual(first.config);
    expect(again.assumed).toEqual([]);
    const parameters = await again.load();
    const { arrays } = await readSafetensors(join(checkpoint, 'model.safetensors'));
    for (const [tensor, value] of Object.entries(parameters)) expect(value.data, tensor).toEqual(arrays[`vision.${tensor}`]!.data);
  });
});
