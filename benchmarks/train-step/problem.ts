// The problem of the train-step suite: the PyTorch reference's sizes, and a batch of random studies of full length.
import type { Batch, Model, PresetName } from 'hybridmed';
import type { HostArrays } from '@hybridmed/tensor';
import { mix32 } from '@hybridmed/tensor';

/** Studies in a batch and words in the vocabulary, as the reference has them (`tiny`, which it lacks, is for reports on slow adapters). */
export const stepPresets = {
  tiny: { batch: 4, vocabulary: 1024 },
  small: { batch: 16, vocabulary: 4096 },
  medium: { batch: 8, vocabulary: 30522 },
  paper: { batch: 4, vocabulary: 28996 },
} as const satisfies Partial<Record<PresetName, { batch: number; vocabulary: number }>>;

/** Presets of this suite. */
export type StepPreset = keyof typeof stepPresets;

/** Tokens of findings and impression. */
export const lengths = { findings: 128, impression: 48 } as const;

/** Special tokens, as the reference numbers them; words start after them. */
export const special = { pad: 0, unk: 1, cls: 2, sep: 3 } as const;
const firstWord = 10;

type HostArray = HostArrays[string];

const elements = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Standard normal numbers (Box and Muller 1958). */
function normal(shape: readonly number[], seed: number): HostArray {
  const uniform = (i: number) => (mix32(mix32(i) ^ seed) + 1) / 2 ** 32;
  return {
    data: Float32Array.from({ length: elements(shape) }, (_, i) => Math.sqrt(-2 * Math.log(uniform(2 * i))) * Math.cos(2 * Math.PI * uniform(2 * i + 1))),
    shape,
  };
}

function words(shape: readonly number[], vocabulary: number, seed: number): HostArray {
  return { data: Int32Array.from({ length: elements(shape) }, (_, i) => firstWord + (mix32(mix32(i) ^ seed) % (vocabulary - firstWord))), shape };
}

const ones = (shape: readonly number[]): HostArray => ({ data: new Float32Array(elements(shape)).fill(1), shape });

/** One batch without padding. Targets are the inputs' next words. */
export function randomBatch({ vision }: Model, preset: StepPreset): Batch {
  const { batch, vocabulary } = stepPresets[preset];
  const { findings, impression } = lengths;
  const text = words([batch, impression], vocabulary, 1);
  const part = (from: number): HostArray => {
    const rows = Array.from({ length: batch }, (_, i) => [...text.data.subarray(i * impression + from, (i + 1) * impression - 1 + from)]);
    return { data: Int32Array.from(rows.flat()), shape: [batch, impression - 1] };
  };
  return {
    image: normal([batch, vision.image.channels, vision.image.size, vision.image.size], 2),
    findings: words([batch, findings], vocabulary, 3),
    findings_mask: ones([batch, findings]),
    impression: text,
    impression_mask: ones([batch, impression]),
    input: part(0),
    target: part(1),
    target_mask: ones([batch, impression - 1]),
  };
}
