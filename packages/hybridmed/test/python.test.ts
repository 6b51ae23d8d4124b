// Both ways to and from Python's libraries. Needs a Python with torch, safetensors, transformers, timm, torchvision and open_clip_torch:
// HYBRIDMED_PYTHON=/path/to/python; skipped where it is not set. HYBRIDMED_MINILM=FOLDER adds MiniLM's real weights.
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { encodeSafetensors, initialize } from '@hybridmed/nn';
import { cpuDevice } from '@hybridmed/onnx';
import type { HostArray } from '@hybridmed/tensor';
import { bert, trainWordPiece } from '@hybridmed/text';
import type { ResNetConfig, ViTConfig } from '@hybridmed/vision';
import { publishVision, visionEncoder } from '@hybridmed/vision';
import { readSafetensors, writeSafetensors } from 'hybridmed/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bertFiles } from '../src/saving/bert-files.ts';
import { compareCase, readWith, relativeError, seeWith } from './support/encode.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const python = process.env.HYBRIDMED_PYTHON;
const full = process.env.HYBRIDMED_FULL === '1';
const run = promisify(execFile);
const { folder, remove } = temporaryFolder();
afterAll(remove);
const device = cpuDevice();
afterAll(() => device.close());
const script = (name: string): string => join(import.meta.dirname, 'support', name);
const waves = (shape: readonly number[]): HostArray => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * 0.7)),
  shape,
});

/** Start values, none of them 0 or 1, so that nothing agrees by chance. */
const general = (specs: Parameters<typeof initialize>[0]): Record<string, HostArray> =>
  Object.fromEntries(
    Object.entries(initialize(specs, 5)).map(([name, { data, shape }]) => [
      name,
      { data: data.map((x, i) => x + 0.1 * Math.sin(i + name.length)) as Float32Array, shape },
    ]),
  );

describe.skipIf(!python)('Python (skipped where HYBRIDMED_PYTHON is not set)', () => {
  describe('checkpoints of transformers, timm, torchvision and open_clip give what these libraries compute', () => {
    const cases = join(folder, 'published');
    beforeAll(() => run(python!, [script('published.py'), cases, ...(full ? ['--full'] : [])], { maxBuffer: 2 ** 26 }), 600_000);

    test('each within 1e-4', { timeout: 600_000 }, async () => {
      const names = readdirSync(cases);
      expect(names.length).toBeGreaterThan(50);
      for (const name of names) expect(await compareCase(join(cases, name)), name).toBeLessThan(1e-4);
    });
  });

  describe('saved encoders load unchanged', () => {
    const vit: ViTConfig = { kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 48, depth: 2, heads: 3 };
    const resnet: ResNetConfig = { kind: 'resnet', imageSize: 64, channels: 1, layers: [2, 1, 1, 1], channelsPerStage: [64, 128, 256, 512] };
    const films: Readonly<Record<string, ViTConfig | ResNetConfig>> = {
      vit,
      'vit-colour': { ...vit, channels: 3, ffn: 100 },
      'vit-dinov2': { ...vit, layerScale: true, registers: 4 },
      'vit-swiglu': { ...vit, layerScale: true, mlp: 'swiglu', ffn: 88 },
      'vit-clip': { ...vit, preNorm: true, patchBias: false, mlp: 'quickGelu', epsilon: 1e-5 },
      'vit-no-bias': { ...vit, patchBias: false, qkvBias: false },
      'vit-mean': { ...vit, pool: 'mean' },
      'vit-mean-normed': { ...vit, pool: 'meanNormed', classToken: false },
      'resnet-bottleneck': resnet,
      'resnet-basic': { ...resnet, block: 'basic', layers: [1, 2, 1, 1] },
    };
    const place = (name: string): string => join(folder, 'saved', name);
    const tokenizer = trainWordPiece(['The heart is enlarged.', 'No pleural effusion.'], { size: 90, minFrequency: 1 });

    beforeAll(async () => {
      for (const [name, config] of Object.entries(films)) {
        mkdirSync(join(place(name), 'model'), { recursive: true });
        writeFileSync(join(place(name), 'model', 'config.json'), JSON.stringify(publishVision(config).config));
        const tensors = { ...general(visionEncoder(config).parameters), ...publishVision(config).extra };
        writeFileSync(join(place(name), 'model', 'model.safetensors'), Buffer.concat(encodeSafetensors(tensors, { format: 'pt' })));
        await writeSafetensors(join(place(name), 'input.safetensors'), { image: waves([2, config.channels, config.imageSize, config.imageSize]) });
      }
      const config = { vocabularySize: tokenizer.vocabularySize, width: 48, depth: 2, heads: 4, ffn: 90, positions: 20 };
      mkdirSync(join(place('bert'), 'model'), { recursive: true });
      for (const [file, content] of Object.entries(bertFiles(config, tokenizer))) writeFileSync(join(place('bert'), 'model', file), content);
      writeFileSync(join(place('bert'), 'model', 'model.safetensors'), Buffer.concat(encodeSafetensors(general(bert(config).parameters), { format: 'pt' })));
      await writeSafetensors(join(place('bert'), 'input.safetensors'), {
        ids: { data: Int32Array.from({ length: 24 }, (_, i) => (i * 7) % config.vocabularySize), shape: [2, 12] },
        mask: { data: Float32Array.from({ length: 24 }, (_, i) => (i < 18 ? 1 : 0)), shape: [2, 12] },
      });
      await run(python!, [script('load_saved.py'), ...[...Object.keys(films), 'bert'].map(place)], { maxBuffer: 2 ** 26 });
    }, 300_000);

    test.each([...Object.keys(films), 'bert'])('%s', async (name) => {
      const { arrays } = await readSafetensors(join(place(name), 'input.safetensors'));
      const model = join(place(name), 'model');
      const ours = arrays.image ? await seeWith(model, arrays.image, device) : await readWith(model, arrays.ids!, arrays.mask!, device);
      const theirs = (await readSafetensors(join(place(name), 'output.safetensors'))).arrays.tokens!;
      expect(relativeError(ours.tokens!, theirs)).toBeLessThan(1e-4);
    });
  });
});

const openi = join(import.meta.dirname, '../../../../shared/data/iu_xray/indiana_reports.csv');

test.skipIf(!python || !existsSync(process.env.HYBRIDMED_MINILM ?? '') || !existsSync(openi))(
  'MiniLM on 50 texts of Open-I (skipped where HYBRIDMED_MINILM is not set, or Open-I is absent)',
  { timeout: 300_000 },
  async () => {
    const out = join(folder, 'minilm');
    mkdirSync(out);
    await run(python!, [script('hidden_states.py'), process.env.HYBRIDMED_MINILM!, openi, out], { maxBuffer: 2 ** 26 });
    const { arrays } = await readSafetensors(join(out, 'expected.safetensors'));
    expect(arrays.ids!.shape[0]).toBe(50);
    const ours = await readWith(process.env.HYBRIDMED_MINILM!, arrays.ids!, arrays.mask!, device);
    expect(relativeError(ours.tokens!, arrays.tokens!)).toBeLessThan(1e-4);
  },
);
