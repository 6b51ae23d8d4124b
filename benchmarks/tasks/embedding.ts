// Embedding throughput: encoding a data set's images, from files and from shards, compared with a bare forward loop over one batch in memory.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DataSet, Study } from '@hybridmed/data';
import { openDataSet, packDataSet } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { initialize } from '@hybridmed/nn';
import type { Device } from '@hybridmed/tensor';
import { tokenizerFromVocab } from '@hybridmed/text';
import type { PresetName } from 'hybridmed';
import { createModel, imageFeatureGraph, presetModel, presets } from 'hybridmed';
import { openModel, saveCheckpoint } from 'hybridmed/node';
import { studyFeatures } from 'hybridmed/tasks';
import { saveResult } from '../results.ts';

const batch = 32;
// Number of distinct images; a longer list repeats them, and each is read and decoded again.
const distinct = 1024;

/**
 * Times a bare loop, encoding PNG files of 512 pixels, and encoding the same images from shards packed at the preset's size, for an untrained
 * preset, and writes results/tasks-embedding-PRESET.json.
 */
export async function embedding({ preset, device, images, rounds }: { preset: PresetName; device: Device; images: number; rounds: number }): Promise<void> {
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
      config: { formatVersion: 2, preset, stage: 2, model: config, input: { resize, findingsLength, impressionLength } },
      tokenizer: tokenizer.toJSON(),
      parameters,
    });
    await writePhantoms(join(folder, 'phantoms'), { studies: Math.min(images, distinct), size: 512 });
    const files = await openDataSet(`phantom:${join(folder, 'phantoms')}`, { need: 'images' });
    await packDataSet(files, join(folder, 'shards'), { size: resize });
    const shards = await openDataSet(`shards:${join(folder, 'shards')}`, { need: 'images' });
    const repeated = ({ studies }: DataSet): Study[] => Array.from({ length: images }, (_, i) => studies[i % studies.length]!);
    const { size, channels } = model.vision.image;
    const state = device.createState(parameters);
    const program = await device.compile(imageFeatureGraph(model, ['embedding']));
    const image = { data: Float32Array.from({ length: batch * channels * size * size }, (_, i) => Math.sin(i)), shape: [batch, channels, size, size] };
    const opened = await openModel(checkpoint, { device });
    const bare = async (): Promise<number> => {
      const started = performance.now();
      for (let done = 0; done < images; done += batch) await program.run({ image }, state);
      return (images / (performance.now() - started)) * 1000;
    };
    const encode = async (list: readonly Study[]): Promise<number> => {
      const started = performance.now();
      await studyFeatures(opened, list, 'embedding', { cache: false });
      return (list.length / (performance.now() - started)) * 1000;
    };
    await program.run({ image }, state);
    await encode(files.studies.slice(0, batch));
    // In turns, so that all see the same load of the machine.
    const turns: { bare: number; files: number; shards: number }[] = [];
    for (let turn = 0; turn < rounds; turn++) turns.push({ bare: await bare(), files: await encode(repeated(files)), shards: await encode(repeated(shards)) });
    const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
    const source = (name: 'files' | 'shards', imageSize: number) => ({
      imageSize,
      imagesPerSecond: median(turns.map((turn) => turn[name])),
      ratio: median(turns.map((turn) => turn[name] / turn.bare)),
    });
    await opened.close();
    await saveResult(`tasks-embedding-${preset}`, {
      preset,
      images,
      batch,
      device: device.info.name,
      bareImagesPerSecond: median(turns.map((turn) => turn.bare)),
      files: source('files', 512),
      shards: source('shards', resize),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
