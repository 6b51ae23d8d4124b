// The numbers that a step begins with, parameters and batch, in a file that another implementation reads.
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { initialize } from '@hybridmed/nn';
import type { Model } from 'hybridmed';
import type { StepPreset } from '../train-step/problem.ts';
import { randomBatch } from '../train-step/problem.ts';

/** Writes 32-bit numbers one array after the other; `layout` says which. The caller removes the file. */
export async function writeStepInputs(
  model: Model,
  preset: StepPreset,
): Promise<{ file: string; layout: [name: string, shape: readonly number[], type: 'f32' | 'i32'][] }> {
  const arrays = Object.entries({ ...initialize(model.parameters, 0), ...randomBatch(model, preset) });
  const file = join(await mkdtemp(join(tmpdir(), 'hybridmed-step-')), 'inputs.bin');
  await writeFile(
    file,
    arrays.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  );
  return { file, layout: arrays.map(([name, { data, shape }]) => [name, shape, data instanceof Int32Array ? 'i32' : 'f32']) };
}
