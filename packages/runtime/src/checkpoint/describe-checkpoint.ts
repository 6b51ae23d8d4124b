// Parameters of a checkpoint counted per part.
import { readsImages } from '@hybridmed/model';
import { sizeOf } from '@hybridmed/tensor';
import type { CheckpointEncoders } from './checkpoint-encoders.ts';
import { checkpointModel, resolveCheckpoint } from './checkpoint-folder.ts';

/** What `info` shows. */
export interface CheckpointInfo {
  readonly checkpoint: string;
  readonly preset: string;
  readonly stage: 1 | 2;
  readonly formatVersion: number;
  readonly vocabulary: number;
  /** Absent for a model that reads none. */
  readonly image?: { readonly size: number; readonly channels: number };
  readonly input: { readonly resize: number; readonly findingsLength: number; readonly impressionLength: number };
  /** Numbers of parameters: the parts, losses that have their own, the decoder's pieces, the sum. Buffers are not counted. */
  readonly parameters: Readonly<Record<string, number>>;
  /** What the image branch adds to a decoder with the findings branch alone. */
  readonly secondBranch: { readonly parameters: number; readonly percentOfDecoder: number; readonly percentOfModel: number };
}

const percent = (part: number, whole: number): number => Number(((100 * part) / whole).toFixed(2));

/** Describes a checkpoint or a run's best one. Throws one line when there is none. */
export async function describeCheckpoint(path: string, encoders: CheckpointEncoders = {}): Promise<CheckpointInfo> {
  const checkpoint = await resolveCheckpoint(path);
  const { config, model } = await checkpointModel(checkpoint, encoders);
  const { preset, stage, formatVersion, model: sizes, input } = config;
  const entries = Object.entries(model.parameters).filter(([, spec]) => !spec.buffer);
  const count = (match: (name: string) => boolean) => entries.reduce((total, [name, { shape }]) => (match(name) ? total + sizeOf(shape) : total), 0);
  const part = (prefix: string) => count((name) => name.startsWith(prefix));
  const [decoder, total] = [part('decoder.'), count(() => true)];
  const image = count((name) => name.startsWith('decoder.') && name.includes('.image.'));
  return {
    checkpoint,
    preset,
    stage,
    formatVersion,
    vocabulary: sizes.text.vocabularySize,
    ...(readsImages(model) ? { image: { size: model.vision.image.size, channels: model.vision.image.channels } } : {}),
    input,
    parameters: {
      vision: part('vision.'),
      text: part('text.'),
      align: part('align.'),
      ...Object.fromEntries((sizes.losses ?? []).map((key) => [key, part(`${key}.`)])),
      decoder,
      'decoder: embeddings': count((name) => name.startsWith('decoder.') && !/\.(layers|blocks)\./.test(name)),
      'decoder: image cross-attention': image,
      'decoder: findings cross-attention': count((name) => name.startsWith('decoder.') && name.includes('.findings.')),
      total,
    },
    secondBranch: { parameters: image, percentOfDecoder: percent(image, decoder), percentOfModel: percent(image, total) },
  };
}
