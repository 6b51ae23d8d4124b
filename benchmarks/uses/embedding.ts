// Embedding throughput: encoding a data set's films, files and all, against a bare forward loop over one batch in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import { writePhantoms, openDataSet } from '@hybridmed/data';
import { initialize } from '@hybridmed/nn';
import type { Device } from '@hybridmed/tensor';
import { tokenizerFromVocab } from '@hybridmed/text';
import type { PresetName } from 'hybridmed';
import { createModel, imageEmbeddingGraph, presetModel, presets } from 'hybridmed';
import { saveCheckpoint } from 'hybridmed/node';
import { openEncoder } from 'hybridmed/uses';
import { saveResult } from '../results.ts';

const batch = 32;

/** Times both for a preset with start values, films of 512 pixels, and writes results/uses-embedding-PRESET.json. */
export async function embedding({ preset, device, films, rounds }: { preset: PresetName; device: Device; films: number; rounds: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hybridmed-embedding-'));
  try {
    const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'heart', 'lung'];
    const tokenizer = tokenizerFromVocab(vocabulary.join('\n'), { lowercase: true });
    const config = presetModel(preset, vocabulary.length, tokenizer.special);
    const model = createModel(config);
    const { resize, findingsLength, impressionLength } = presets[preset];
    const parameters = initialize(model.parameters, 0);
    const checkpoint = join(folder, 'checkpoint');
    await saveCheckpoint(checkpoint, {
      config: { formatVersion: 1, preset, stage: 2, model: config, input: { resize, findingsLength, impressionLength } },
      tokenizer: tokenizer.toJSON(),
      parameters,
    });
    await writePhantoms(join(folder, 'phantoms'), { studies: films, size: 512 });
    const { studies } = await openDataSet(`phantom:${join(folder, 'phantoms')}`, { need: 'images' });
    const { size, channels } = model.vision.image;
    const state = device.createState(parameters);
    const program = await device.compile(imageEmbeddingGraph(model));
    const image = { data: Float32Array.from({ length: batch * channels * size * size }, (_, i) => Math.sin(i)), shape: [batch, channels, size, size] };
    const encoder = await openEncoder({ checkpoint, device, cache: false });
    const bare = async (): Promise<number> => {
      const begun = performance.now();
      for (let done = 0; done < films; done += batch) await program.run({ image }, state);
      return (films / (performance.now() - begun)) * 1000;
    };
    const whole = async (of: readonly Study[]): Promise<number> => {
      const begun = performance.now();
      await encoder.images(of);
      return (of.length / (performance.now() - begun)) * 1000;
    };
    await program.run({ image }, state);
    await whole(studies.slice(0, batch));
    // In turns, so that both meet the same machine.
    const pairs: { bare: number; encoder: number }[] = [];
    for (let round = 0; round < rounds; round++) pairs.push({ bare: await bare(), encoder: await whole(studies) });
    const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
    encoder.close();
    await saveResult(`uses-embedding-${preset}`, {
      preset,
      films,
      filmSize: 512,
      batch,
      device: device.info.name,
      bareFilmsPerSecond: median(pairs.map((pair) => pair.bare)),
      encoderFilmsPerSecond: median(pairs.map((pair) => pair.encoder)),
      ratio: median(pairs.map((pair) => pair.encoder / pair.bare)),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
