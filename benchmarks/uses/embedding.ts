// Embedding throughput: encoding a data set's films, from files and from shards, against a bare forward loop over one batch in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSet, Study } from '@hybridmed/data';
import { openDataSet, packDataSet, writePhantoms } from '@hybridmed/data';
import { initialize } from '@hybridmed/nn';
import type { Device } from '@hybridmed/tensor';
import { tokenizerFromVocab } from '@hybridmed/text';
import type { PresetName } from 'hybridmed';
import { createModel, imageEmbeddingGraph, presetModel, presets } from 'hybridmed';
import { saveCheckpoint } from 'hybridmed/node';
import { openEncoder } from 'hybridmed/tasks';
import { saveResult } from '../results.ts';

const batch = 32;
// So many different films are drawn; a longer list names them again, and each is read and decoded again.
const different = 1024;

/**
 * Times a bare loop, encoding PNG files of 512 pixels, and encoding the same films from shards packed at the preset's size, for a preset
 * with start values, and writes results/uses-embedding-PRESET.json.
 */
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
    await writePhantoms(join(folder, 'phantoms'), { studies: Math.min(films, different), size: 512 });
    const files = await openDataSet(`phantom:${join(folder, 'phantoms')}`, { need: 'images' });
    await packDataSet(files, join(folder, 'shards'), { size: resize });
    const shards = await openDataSet(`shards:${join(folder, 'shards')}`, { need: 'images' });
    const list = ({ studies }: DataSet): Study[] => Array.from({ length: films }, (_, i) => studies[i % studies.length]!);
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
    await whole(files.studies.slice(0, batch));
    // In turns, so that all meet the same machine.
    const turns: { bare: number; files: number; shards: number }[] = [];
    for (let turn = 0; turn < rounds; turn++) turns.push({ bare: await bare(), files: await whole(list(files)), shards: await whole(list(shards)) });
    const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
    const source = (name: 'files' | 'shards', filmSize: number) => ({
      filmSize,
      filmsPerSecond: median(turns.map((turn) => turn[name])),
      ratio: median(turns.map((turn) => turn[name] / turn.bare)),
    });
    encoder.close();
    await saveResult(`uses-embedding-${preset}`, {
      preset,
      films,
      batch,
      device: device.info.name,
      bareFilmsPerSecond: median(turns.map((turn) => turn.bare)),
      files: source('files', 512),
      shards: source('shards', resize),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
