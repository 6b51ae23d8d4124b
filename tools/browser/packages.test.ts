import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainDevice } from '@hybridmed/gpujs';
import { encodeSafetensors, initialize, momentNames } from '@hybridmed/nn';
import type { HostArrays } from '@hybridmed/tensor';
import { keyData } from '@hybridmed/tensor';
import { trainWordPiece } from '@hybridmed/text';
import type { StagePlan } from 'hybridmed';
import { createGenerator, createModel, presetModel, stepGraph, teacherParameters } from 'hybridmed';
import { saveCheckpoint } from 'hybridmed/node';
import { afterAll, expect, test } from 'vitest';
import { runInBrowser } from './run-in-browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-browser-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tokenizer = trainWordPiece(['No acute disease.', 'Small left effusion.', 'The heart is enlarged.', 'Large right pneumothorax.'], { size: 120 });
const config = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
const model = createModel(config);
const parameters = initialize(model.parameters, 7);
const plan: StagePlan = { stage: 2, teacher: 'snapshot', weights: { cg: 1, cl: 1, sum: 1, cap: 2, dis: 1 }, temperature: 1, tau: 0.1, duplicates: 'negatives' };

function batchOf(): HostArrays {
  const ids = (rows: number, length: number, step: number) => ({
    data: Int32Array.from({ length: rows * length }, (_, i) => 5 + ((i * step) % (tokenizer.vocabularySize - 5))),
    shape: [rows, length],
  });
  const mask = (rows: number, length: number) => ({
    data: Float32Array.from({ length: rows * length }, (_, i) => (i % length === length - 1 && i >= length ? 0 : 1)),
    shape: [rows, length],
  });
  return {
    image: { data: Float32Array.from({ length: 3 * 32 * 32 }, (_, i) => Math.sin(i / 9)), shape: [3, 1, 32, 32] },
    findings: ids(3, 7, 3),
    findings_mask: mask(3, 7),
    impression: ids(3, 5, 7),
    impression_mask: mask(3, 5),
    input: ids(3, 4, 11),
    target: ids(3, 4, 13),
    target_mask: mask(3, 4),
  };
}

const scalar = (value: number) => ({ data: Float32Array.of(value), shape: [] });

/** What the page gives. */
interface PageResult {
  f16: boolean;
  ran: number;
  wrong: string[];
  losses: Record<string, number>;
  texts: string[];
  mixed: { losses?: Record<string, number>; error?: string };
}

test('in the browser: every kernel, one stage-2 step and generation from a checkpoint equal the plain reference', async () => {
  const batch = batchOf();
  const checkpoint = join(folder, 'checkpoint');
  await saveCheckpoint(checkpoint, {
    config: { formatVersion: 2, preset: 'tiny', stage: 2, model: config, input: { resize: 36, findingsLength: 128, impressionLength: 48 } },
    tokenizer: tokenizer.toJSON(),
    parameters,
  });
  writeFileSync(join(folder, 'batch.safetensors'), Buffer.concat(encodeSafetensors(batch)));
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(plan));

  const device = plainDevice();
  const zeros = Object.entries(model.parameters).flatMap(([name, { shape }]) =>
    momentNames(name).map((moment) => [moment, { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape }] as const),
  );
  const teacher = Object.fromEntries(teacherParameters(model, 'snapshot').map((name) => [`teacher.${name}`, parameters[name]!]));
  const program = await device.compile(stepGraph(model, plan));
  const losses = await program.run(
    { ...batch, key: keyData(0), learning_rate: scalar(1e-3), step: scalar(1) },
    device.createState({ ...parameters, ...Object.fromEntries(zeros), ...teacher }),
  );
  const generator = await createGenerator(device, device.createState(parameters), model, 'image', { maxTokens: 8 });
  const texts = (await generator.generate({ image: batch.image! })).map(({ ids }) => tokenizer.decode(ids));

  const files = Object.fromEntries(
    ['checkpoint/config.json', 'checkpoint/model.safetensors', 'checkpoint/tokenizer.json', 'batch.safetensors', 'plan.json'].map((path) => [
      `/${path}`,
      join(folder, path),
    ]),
  );
  const page = fileURLToPath(new URL('pages/packages.ts', import.meta.url));
  const result = await runInBrowser<PageResult>(page, {
    files,
    timeout: 240_000,
  });
  expect(result.ran).toBeGreaterThan(80);
  expect(result.wrong).toEqual([]);
  // The untrained branches nearly agree, so that distillation is a small difference of logarithms: hence the absolute part.
  for (const [name, { data }] of Object.entries(losses)) expect(Math.abs(result.losses[name]! - data[0]!), name).toBeLessThan(1e-4 * Math.abs(data[0]!) + 1e-6);
  expect(result.texts).toEqual(texts);
  // The browser that npm brings has SwiftShader alone, which has no 16-bit floats: then mixed precision is refused in one line.
  if (!result.f16)
    expect(result.mixed.error).toMatch(/^DeviceError: webgpu: mixed precision needs 16-bit floats in shaders \(shader-f16\), which .+ does not have; use f32$/);
  else
    for (const [name, { data }] of Object.entries(losses))
      if (name in result.mixed.losses!) expect(Math.abs(result.mixed.losses![name]! - data[0]!), name).toBeLessThan(0.01 * Math.abs(data[0]!) + 1e-4);
}, 300_000);
