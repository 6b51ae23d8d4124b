// Everything a pre-training run is decided by, as plain JSON: what a configuration file holds and what is saved with the run.
import type { SelectOptions } from '@hybridmed/data/browser';
import { columnRoles } from '@hybridmed/data/browser';
import type { LossWeights } from '@hybridmed/model';
import { defaultWeights, lossNames } from '@hybridmed/model';
import type { Preset, PresetName } from '@hybridmed/model/presets';
import { presets } from '@hybridmed/model/presets';
import { HybridmedError, precisions } from '@hybridmed/tensor';
import { z } from 'zod';

const count = z.int().min(0);
const positive = z.int().min(1);
const weight = z.number().min(0);
const amount = (most: number) => z.number().min(0).max(most);
const pair = z.tuple([count, count]);

/** The configuration file's schema; every flag of `pretrain` that decides what is computed is a key. */
export const runConfigSchema = z.strictObject({
  data: z.string().min(1).describe('Data set as name:path, such as openi:DIR, phantom:DIR, csv:FILE or shards:DIR.'),
  preset: z.enum(Object.keys(presets) as [PresetName, ...PresetName[]]).describe('Sizes, lengths and defaults of training.'),
  vision: z
    .string()
    .min(1)
    .describe('Vision encoder: preset, hf:FOLDER of a published checkpoint (or a .safetensors file), or a module that exports createVisionEncoder.'),
  text: z.string().min(1).describe('Text encoder: preset, hf:FOLDER of a published BERT, or a module that exports createTextEncoder.'),
  imageSize: count.max(4096).describe("Side of the images in pixels; 0 for the preset's."),
  seed: count.describe('Seed of start values, order, crops and dropout.'),
  views: z.enum(['frontal', 'all']).describe('Which views to train on.'),
  residue: z.enum(['keep', 'remove', 'mask']).describe('What becomes of XXXX and ___ left by de-identification in the texts.'),
  splitFile: z.string().describe("File of split ids to use in place of the set's own split; empty for none."),
  without: z.string().describe('File of ids whose images are left out; empty for none.'),
  columns: z.partialRecord(z.enum(columnRoles), z.string().min(1)).describe('For csv: names of columns by role.'),
  limit: count.describe('Greatest number of training studies (and of validation studies); 0 for all.'),
  epochs: pair.describe('Epochs of stage 1 and of stage 2.'),
  steps: pair.describe('Greatest number of steps of each stage; 0 for what the epochs give.'),
  batch: positive.describe('Studies of one pass through the model.'),
  accumulate: positive.describe('Passes whose gradients make one step; the step equals that of one large batch.'),
  learningRate: z.number().positive().describe('Peak learning rate of AdamW.'),
  warmup: z.number().min(0).max(1).describe('Share of the steps that warm up.'),
  weightDecay: weight.describe('Decoupled weight decay.'),
  clip: z.number().positive().describe('Greatest global norm of the gradients.'),
  earlyStop: count.describe('Epochs without improvement after which a stage ends; 0 for never.'),
  cg: weight.describe('Weight of the global contrast; 0 leaves it out.'),
  cl: weight.describe('Weight of the local contrast; 0 leaves it out.'),
  sum: weight.describe('Weight of summarization in stage 2; 0 leaves it out.'),
  cap: weight.describe('Weight of captioning; 0 leaves it out.'),
  dis: weight.describe('Weight of distillation; 0 leaves it out.'),
  temperature: z.number().positive().describe('Temperature of distillation.'),
  tau: z.number().positive().describe('Temperature of the local alignment.'),
  duplicates: z.enum(['negatives', 'positives']).describe('What studies with one impression are to each other in the global contrast.'),
  teacher: z.enum(['snapshot', 'live']).describe("Distillation's teacher: the frozen copy after stage 1, or the live branch."),
  projection: z.enum(['linear', 'mlp']).describe('Projections into the common space.'),
  sharedCross: z.boolean().describe('One cross-attention for both branches instead of two.'),
  unsharedDecoder: z.boolean().describe('Self-attention and feed-forward layers of its own for each branch of the decoder.'),
  stage1: z.union([z.boolean(), z.string().min(1)]).describe('Whether to run stage 1, or the folder of a run whose stage 1 to start from.'),
  vocabulary: z
    .union([positive, z.string().min(1)])
    .describe('Greatest size of the vocabulary trained on the training texts, or a vocab.txt or tokenizer.json to use instead.'),
  cutVocabulary: z.boolean().describe('Whether to cut a given vocabulary to the pieces that the training texts use.'),
  dropout: z.number().min(0).lt(1).describe('Share of values dropped in training.'),
  freeze: z.array(z.string().min(1)).describe('Names of parameters that stay as they are; * stands for any characters.'),
  layerDecay: z.number().positive().max(1).describe("Factor between the learning rates of an encoder's neighbouring layers; 1 for equal rates."),
  lora: z.array(z.string().min(1)).describe('Names of linear layers to adapt by LoRA, their weights frozen; merged when saved.'),
  loraRank: positive.describe('Rank of the adapters.'),
  loraAlpha: z.number().positive().describe('The adapters are scaled by this over their rank.'),
  remat: z.boolean().describe("Whether each layer's inner values are computed again for the backward pass instead of being kept in memory."),
  precision: z.enum(precisions).describe('f32, or mixed: activations as 16-bit floats and a loss scale, on WebGPU adapters that have them.'),
  sampling: z
    .enum(['shuffle', 'length', 'shard'])
    .describe('Order of an epoch: every study once; batches of texts of like length; or shards and a buffer, for packed sets that are streamed.'),
  augment: z
    .strictObject({ rotation: amount(30), zoom: amount(0.9), brightness: amount(1), contrast: amount(0.99), noise: amount(1), cutout: amount(0.99) })
    .partial()
    .describe('What training varies beside the crop: degrees, and shares of the range or of the side; what is left out is not varied.'),
  checkpointEvery: count.describe('Steps between checkpoints inside an epoch; 0 for the ends of epochs only.'),
});

/** A run's configuration, complete: presets and defaults filled in. Saved as run.json. */
export type RunConfig = Readonly<z.infer<typeof runConfigSchema>>;

/** What a user gives; everything but `data` has a default. */
export type RunOptions = Partial<RunConfig> & { readonly data: string };

/** Fills in what was not given from the preset and the method's defaults. */
export function completeConfig(options: RunOptions): RunConfig {
  const name = options.preset ?? 'small';
  const preset: Preset = presets[name];
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as RunOptions;
  return {
    preset: name,
    vision: 'preset',
    text: 'preset',
    imageSize: 0,
    seed: 0,
    views: 'frontal',
    residue: 'keep',
    splitFile: '',
    without: '',
    columns: {},
    limit: 0,
    epochs: [...preset.epochs],
    steps: [0, 0],
    batch: preset.batch,
    accumulate: preset.accumulate,
    learningRate: preset.learningRate,
    warmup: 0.1,
    weightDecay: 0.05,
    clip: 1,
    earlyStop: preset.earlyStop,
    ...defaultWeights,
    temperature: 1,
    tau: 0.1,
    duplicates: preset.duplicates,
    teacher: 'snapshot',
    projection: 'linear',
    sharedCross: false,
    unsharedDecoder: false,
    stage1: true,
    // A published text encoder comes with its vocabulary.
    vocabulary: options.text?.startsWith('hf:') ? options.text.slice(3) : preset.vocabularySize,
    cutVocabulary: false,
    dropout: preset.vision.dropout ?? 0,
    freeze: [],
    layerDecay: 1,
    lora: [],
    loraRank: 8,
    loraAlpha: 16,
    remat: false,
    precision: 'f32',
    sampling: 'shuffle',
    augment: {},
    checkpointEvery: 500,
    ...given,
  };
}

/** The settings that say what is taken of a data set. */
export type DataSettings = Pick<RunConfig, 'views' | 'residue' | 'splitFile' | 'without' | 'columns'>;

/** What a run takes of its data set. */
export const dataSelection = ({ views, residue, splitFile, without, columns }: DataSettings): SelectOptions => ({
  views,
  deidPlaceholders: residue,
  columns,
  ...(splitFile === '' ? {} : { splitFile }),
  ...(without === '' ? {} : { excludeIds: without }),
});

/** The weights of stage 2's losses. */
export const lossWeights = (config: RunConfig): LossWeights => Object.fromEntries(lossNames.map((name) => [name, config[name]])) as unknown as LossWeights;

/** The way a key is written as a flag: imageSize, --image-size. */
const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The key that a misspelt one means: the same letters in another style, or one that begins or ends alike. */
function nearestKey(wrong: string): string | undefined {
  const letters = (key: string) => key.toLowerCase().replace(/[^a-z0-9]/g, '');
  const keys = Object.keys(runConfigSchema.shape);
  const sought = letters(wrong);
  const alike = (key: string) => letters(key).startsWith(sought) || sought.startsWith(letters(key));
  return keys.find((key) => letters(key) === sought) ?? (sought.length > 2 ? keys.find(alike) : undefined);
}

/** Checks settings: a configuration file's, with its path as `source`, or those of flags. Throws one line that names the key and what it must be. */
export function checkSettings(source: string | undefined, settings: unknown): Partial<RunConfig> {
  const result = runConfigSchema.partial().safeParse(settings);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0]! : undefined;
  const path = [...issue.path.map(String), ...(unknown === undefined ? [] : [unknown])];
  const problem = issue.message.replace(/^Invalid input: /, '');
  if (source === undefined) throw new HybridmedError(`${flagOf(path[0] ?? '')}: ${problem}`);
  const nearest = unknown === undefined || path.length > 1 ? undefined : nearestKey(unknown);
  throw new HybridmedError(
    `${source}: "${path.join('.')}": ${problem}; ${nearest === undefined ? 'see config.schema.json for every key' : `did you mean "${nearest}"?`}`,
  );
}
