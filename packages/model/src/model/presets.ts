// Named sizes: tiny for tests, small and medium for processors, paper for the published scale.
import type { DecoderConfig } from '@hybridmed/decoder';
import type { BertConfig } from '@hybridmed/text';
import type { ViTConfig } from '@hybridmed/vision';
import type { ModelConfig, SpecialTokens } from './config.ts';

/** Everything a preset decides: sizes, input shapes, and how long and how fast to train. */
export interface Preset {
  readonly vision: ViTConfig;
  readonly text: Omit<BertConfig, 'vocabularySize'>;
  readonly decoder: Omit<DecoderConfig, 'vocabularySize'>;
  readonly align: number;
  /** Longest side after resizing, in pixels, before the crop to the encoder's size. */
  readonly resize: number;
  /** Max numbers of tokens, special ones included. */
  readonly findingsLength: number;
  readonly impressionLength: number;
  /** Size of the vocabulary trained on the corpus. */
  readonly vocabularySize: number;
  readonly batch: number;
  readonly accumulate: number;
  readonly learningRate: number;
  readonly epochs: readonly [stage1: number, stage2: number];
  readonly duplicates: 'positives' | 'negatives';
  /** Epochs without improvement after which a stage ends; 0 for never. */
  readonly earlyStop: number;
}

/** Names of the presets. */
export type PresetName = 'tiny' | 'small' | 'medium' | 'paper';

/** The presets of the method. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  tiny: {
    vision: { kind: 'vit', imageSize: 32, patch: 8, channels: 1, width: 48, depth: 2, heads: 3 },
    text: { width: 40, depth: 2, heads: 4, ffn: 80, positions: 128 },
    decoder: { width: 32, depth: 2, heads: 4, positions: 80 },
    align: 16,
    resize: 36,
    findingsLength: 128,
    impressionLength: 48,
    vocabularySize: 1024,
    batch: 4,
    accumulate: 1,
    learningRate: 2e-3,
    epochs: [1, 1],
    duplicates: 'positives',
    earlyStop: 0,
  },
  small: {
    vision: { kind: 'vit', imageSize: 96, patch: 8, channels: 1, width: 128, depth: 4, heads: 4 },
    text: { width: 128, depth: 4, heads: 4, ffn: 512, positions: 128 },
    decoder: { width: 128, depth: 4, heads: 4, positions: 80 },
    align: 128,
    resize: 108,
    findingsLength: 128,
    impressionLength: 48,
    vocabularySize: 4096,
    batch: 16,
    accumulate: 1,
    learningRate: 5e-4,
    epochs: [10, 14],
    duplicates: 'positives',
    earlyStop: 0,
  },
  medium: {
    vision: { kind: 'vit', imageSize: 224, patch: 16, channels: 1, width: 384, depth: 12, heads: 6 },
    text: { width: 384, depth: 6, heads: 12, ffn: 1536, positions: 512 },
    decoder: { width: 384, depth: 6, heads: 6, positions: 80 },
    align: 128,
    resize: 256,
    findingsLength: 128,
    impressionLength: 80,
    vocabularySize: 30522,
    batch: 8,
    accumulate: 4,
    learningRate: 2e-4,
    epochs: [10, 20],
    duplicates: 'negatives',
    earlyStop: 5,
  },
  paper: {
    vision: { kind: 'vit', imageSize: 224, patch: 16, channels: 3, width: 768, depth: 12, heads: 12, dropout: 0.1 },
    text: { width: 768, depth: 12, heads: 12, ffn: 3072, positions: 512, dropout: 0.1 },
    decoder: { width: 768, depth: 6, heads: 12, positions: 80, dropout: 0.1 },
    align: 128,
    resize: 256,
    findingsLength: 128,
    impressionLength: 80,
    vocabularySize: 28996,
    batch: 144,
    accumulate: 1,
    learningRate: 2e-5,
    epochs: [50, 50],
    duplicates: 'negatives',
    earlyStop: 5,
  },
};

/** A preset's model sizes for a vocabulary. */
export function presetModel(name: PresetName, vocabularySize: number, special: SpecialTokens): ModelConfig {
  const { vision, text, decoder, align } = presets[name];
  return { vision, text: { vocabularySize, ...text }, align, decoder: { vocabularySize, ...decoder }, special };
}
