// The settings of a pre-training run as plain JSON: those of a configuration file, and those saved with the run.
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
const amount = (max: number) => z.number().min(0).max(max);
const pair = z.tuple([count, count]);

/** Schema of the settings; every flag of `pretrain` that affects what is computed is a key. */
export const runConfigSchema = z.strictObject({
  data: z.string().min(1).describe('Data set as name:path, such as openi:DIR, phantom:DIR, csv:FILE or shards:DIR.'),
  preset: z.enum(Object.keys(presets) as [PresetName, ...PresetName[]]).describe('Sizes, lengths and defaults of training.'),
  vision: z
    .string()
    .min(1)
    .describe('Vision encoder: preset, hf:FOLDER of a published checkpoint (or a .safetensors file), or a module that exports createVisionEncoder.'),
  text: z.string().min(1).describe('Text encoder: preset, hf:FOLDER of a published BERT, or a module that exports createTextEncoder.'),
  imageSize: count.max(4096).describe("Side of the images in pixels; 0 for the preset's."),
  seed: count.describe('Seed of initialization, order, crops and dropout.'),
  views: z.enum(['frontal', 'all']).describe('Which views to train on.'),
  deidPlaceholders: z.enum(['keep', 'remove', 'mask']).describe('What happens to the placeholders that de-identification left in the texts (XXXX, ___).'),
  splitFile: z.string().describe("File of split ids to use in place of the set's own split; empty for none."),
  excludeIds: z.string().describe('File of ids of patients, studies or images to leave out; empty for none.'),
  columns: z.partialRecord(z.enum(columnRoles), z.string().min(1)).describe('For csv: names of columns by role.'),
  encoding: z.string().describe("Encoding of the data set's text files that are not UTF-8, such as windows-1252; empty for none."),
  limit: count.describe('Maximum number of training studies (and of validation studies); 0 for all.'),
  epochs: pair.describe('Epochs of stage 1 and of stage 2.'),
  steps: pair.describe('Maximum number of steps of each stage; 0 for no limit.'),
  batch: positive.describe('Studies per pass through the model.'),
  accumulate: positive.describe('Passes whose gradients are accumulated for one step; the step equals that of one large batch.'),
  learningRate: z.number().positive().describe('Peak learning rate of AdamW.'),
  warmup: z.number().min(0).max(1).describe('Fraction of the steps for warm-up.'),
  weightDecay: weight.describe('Decoupled weight decay.'),
  clip: z.number().positive().describe('Maximum global norm of the gradients.'),
  earlyStop: count.describe('Epochs without improvement after which a stage ends; 0 for never.'),
  cg: weight.describe('Weight of the global contrastive loss; 0 disables it.'),
  cl: weight.describe('Weight of the local contrastive loss; 0 disables it.'),
  sum: weight.describe('Weight of summarization in stage 2; 0 disables it.'),
  cap: weight.describe('Weight of captioning; 0 disables it.'),
  dis: weight.describe('Weight of distillation; 0 disables it.'),
  temperature: z.number().positive().describe('Temperature of distillation.'),
  tau: z.number().positive().describe('Temperature of the local alignment.'),
  duplicates: z.enum(['negatives', 'positives']).describe('How the global contrastive loss treats studies with equal impressions.'),
  teacher: z.enum(['snapshot', 'live']).describe("Distillation's teacher: the frozen copy after stage 1, or the live branch."),
  projection: z.enum(['linear', 'mlp']).describe('Projections into the joint embedding space.'),
  sharedCross: z.boolean().describe('One cross-attention for both branches instead of two.'),
  unsharedDecoder: z.boolean().describe('Separate self-attention and feed-forward layers for each branch of the decoder.'),
  stage1: z.union([z.boolean(), z.string().min(1)]).describe('Whether to run stage 1, or the folder of a run whose stage 1 to start from.'),
  vocabulary: z
    .union([positive, z.string().min(1)])
    .describe('Maximum size of the vocabulary trained on the training texts, or a vocab.txt or tokenizer.json to use instead.'),
  cutVocabulary: z.boolean().describe('Whether to reduce a given vocabulary to the tokens that the training texts use.'),
  dropout: z.number().min(0).lt(1).describe('Dropout rate.'),
  freeze: z.array(z.string().min(1)).describe('Names of parameters that are not trained; * matches any characters.'),
  layerDecay: z.number().positive().max(1).describe("Factor between the learning rates of an encoder's neighbouring layers; 1 for equal rates."),
  lora: z.array(z.string().min(1)).describe('Names of linear layers to adapt by LoRA, their weights frozen; merged when saved.'),
  loraRank: positive.describe('Rank of the adapters.'),
  loraAlpha: z.number().positive().describe('The adapters are scaled by this divided by their rank.'),
  remat: z.boolean().describe("Whether each layer's activations are recomputed in the backward pass instead of being kept in memory."),
  precision: z.enum(precisions).describe('f32, or mixed: activations as 16-bit floats and a loss scale, on WebGPU adapters that support them.'),
  sampling: z
    .enum(['shuffle', 'length', 'shard'])
    .describe('Order of an epoch: every study once; batches of texts of similar length; or shards and a buffer, for packed sets that are streamed.'),
  augment: z
    .strictObject({ rotation: amount(30), zoom: amount(0.9), brightness: amount(1), contrast: amount(0.99), noise: amount(1), cutout: amount(0.99) })
    .partial()
    .describe('Augmentations in addition to the random crop: degrees, and fractions of the range or of the side; those left out are not applied.'),
  onBadData: z
    .enum(['skip', 'stop'])
    .describe(
      'What happens where the image of a training study cannot be read: the next study of its batch takes its place, for up to 1 % of them, or the run stops.',
    ),
  checkpointEvery: count.describe('Steps between checkpoints within an epoch; 0 for the ends of epochs only.'),
});

/** A run's configuration, complete: presets and defaults filled in. Saved as run.json. */
export type RunConfig = Readonly<z.infer<typeof runConfigSchema>>;

/** Settings of a user; all but `data` have defaults. */
export type RunOptions = Partial<RunConfig> & { readonly data: string };

/** Completes settings with the defaults of the preset and of the method. */
export function completeConfig(options: RunOptions): RunConfig {
  const name = options.preset ?? 'small';
  const preset: Preset = presets[name];
  const ownSettings = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as RunOptions;
  return {
    preset: name,
    vision: 'preset',
    text: 'preset',
    imageSize: 0,
    seed: 0,
    views: 'frontal',
    deidPlaceholders: 'keep',
    splitFile: '',
    excludeIds: '',
    columns: {},
    encoding: '',
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
    onBadData: 'skip',
    checkpointEvery: 500,
    ...ownSettings,
  };
}

/** The settings that select studies of a data set. */
export type DataSettings = Pick<RunConfig, 'views' | 'deidPlaceholders' | 'splitFile' | 'excludeIds' | 'columns' | 'encoding'>;

/** The selection of a run from its data set, as options of `openDataSet`. */
export const dataSelection = ({ views, deidPlaceholders, splitFile, excludeIds, columns, encoding }: DataSettings): SelectOptions => ({
  views,
  deidPlaceholders,
  columns,
  ...(splitFile === '' ? {} : { splitFile }),
  ...(excludeIds === '' ? {} : { excludeIds }),
  ...(encoding === '' ? {} : { encoding }),
});

/** The weights of stage 2's losses. */
export const lossWeights = (config: RunConfig): LossWeights => Object.fromEntries(lossNames.map((name) => [name, config[name]])) as unknown as LossWeights;

/** A key as a flag: imageSize, --image-size. */
const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The key that a misspelt one means: the same letters in another style, or one that begins alike. */
function nearestKey(wrong: string): string | undefined {
  const letters = (key: string) => key.toLowerCase().replace(/[^a-z0-9]/g, '');
  const keys = Object.keys(runConfigSchema.shape);
  const wrongLetters = letters(wrong);
  const beginsAlike = (key: string) => letters(key).startsWith(wrongLetters) || wrongLetters.startsWith(letters(key));
  return keys.find((key) => letters(key) === wrongLetters) ?? (wrongLetters.length > 2 ? keys.find(beginsAlike) : undefined);
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
