// The settings of pre-training: what the model is, how it is optimized, and by which losses. Those of the data are rows of who opens it.
import type { LossWeights } from '@hybridmed/model';
import { publishedName } from '../options/published-name.ts';
import { lossNames } from '@hybridmed/model/objective';
import type { PresetName } from '@hybridmed/model/presets';
import { presets } from '@hybridmed/model/presets';
import { precisions } from '@hybridmed/tensor';
import { mergeSettings } from '../options/merge-settings.ts';
import type { Values } from '../options/option.ts';
import { ofRun, option, perStage } from '../options/option.ts';
import { choice, integer, number, numberOr, stageCounts, string, toggle, toggleOr } from '../options/values.ts';
import type { Value } from '../options/values.ts';
import { lossSettings } from './loss-settings.ts';
import { optimizerSettings } from './optimizer-settings.ts';
import { stagesRow } from './stage-settings.ts';

const modelSettings = {
  preset: option({ value: choice(Object.keys(presets) as PresetName[]), argument: 'name', help: 'sizes, lengths and defaults of training', default: 'small' }),
  vision: option({
    value: string(),
    argument: 'encoder',
    help: 'vision encoder: preset, hf:FOLDER of a published checkpoint (or a .safetensors file), hf://org/name of one to download, a module that exports createVisionEncoder, or none (a control without images)',
    default: 'preset',
  }),
  text: option({
    value: string(),
    argument: 'encoder',
    help: 'text encoder: preset, hf:FOLDER of a published BERT, hf://org/name of one to download, or a module that exports createTextEncoder',
    default: 'preset',
  }),
  textPooling: option({
    value: choice(['own', 'cls', 'mean']),
    argument: 'how',
    help: "what represents a whole text: own (what a published encoder's 1_Pooling/config.json says, otherwise cls), cls (the vector at [CLS]) or mean (over all tokens)",
    default: 'own',
  }),
  imageSize: option({ value: integer(0, 4096), argument: 'pixels', help: "side of the images; 0 for the preset's", default: 0 }),
  vocabulary: option({
    value: numberOr(integer(10), string({ words: 'a file' })),
    argument: 'n|file',
    help: 'maximum size of the vocabulary trained on the training texts, or a vocab.txt, a tokenizer.json or hf://org/name to use instead',
    // A published text encoder comes with its vocabulary.
    default: ({ preset, given }) => (typeof given.text === 'string' ? publishedName(given.text) : undefined) ?? preset.vocabularySize,
    defaultWords: "the preset's size, or a published text encoder's own",
  }),
  cutVocabulary: option({ value: toggle(), help: 'reduce a given vocabulary to the tokens that the training texts use', default: false }),
  projection: option({ value: choice(['linear', 'mlp']), argument: 'kind', help: 'projections into the joint embedding space', default: 'linear' }),
  sharedCross: option({ value: toggle(), help: 'one cross-attention for both branches instead of two', default: false }),
  unsharedDecoder: option({ value: toggle(), help: 'separate self-attention and feed-forward layers for each branch of the decoder', default: false }),
  imageAdapter: option({
    value: toggle(),
    help: "an adapter between image tokens and decoder: layer norm, linear to the decoder's width, learned positions, layer norm",
    default: false,
  }),
  pointer: option({
    value: toggle(),
    help: 'the branch that reads findings may copy their tokens: a distribution over them, mixed with that over the vocabulary by a learned gate',
    default: false,
  }),
  dropout: perStage(
    option({
      value: number({ min: 0, below: 1 }),
      argument: 'rate',
      help: 'dropout rate',
      default: ({ preset }) => preset.vision.dropout ?? 0,
      defaultWords: "the preset's",
    }),
  ),
  projectionDropout: perStage(
    option({
      value: number({ min: 0, below: 1 }),
      argument: 'rate',
      help: "dropout rate of the encoders' features before their projections into the joint embedding space",
      default: 0,
    }),
  ),
  standardize: option({
    value: toggle(),
    help: "stage 2: features of frozen encoders minus their means over the training studies, divided by their standard deviations, before their projections; saved as a part of the projections' weights and biases",
    default: false,
  }),
  headDropout: perStage(
    option({
      value: number({ min: 0, below: 1 }),
      argument: 'rate',
      help: "dropout rate of images' vectors before the head of label supervision",
      default: 0,
    }),
  ),
  remat: option({
    value: toggle(),
    help: "recompute each layer's activations in the backward pass instead of keeping them: less memory, more time",
    default: false,
  }),
  precision: option({
    value: choice(precisions),
    argument: 'p',
    help: 'f32, or mixed: activations as 16-bit floats and a loss scale, on webgpu adapters that support them',
    default: 'f32',
  }),
};

const scheduleSettings = {
  seed: option({ value: integer(0), argument: 'n', help: 'seed of all random numbers: initialization, order, crops, dropout', default: 0 }),
  epochs: option({
    value: stageCounts(integer(0)),
    argument: '[l,]a,b',
    help: 'epochs of stage 1 and of stage 2; of three the first is of stage 0, which trains the image encoder by labels of reports',
    default: ({ preset }) => preset.epochs,
    defaultWords: "the preset's",
  }),
  steps: option({ value: stageCounts(integer(0)), argument: '[l,]a,b', help: 'maximum number of steps of each stage; 0 for no limit', default: [0, 0] }),
  batch: perStage(
    option({
      value: integer(1),
      argument: 'n',
      help: 'studies per pass through the model',
      default: ({ preset }) => preset.batch,
      defaultWords: "the preset's",
    }),
  ),
  accumulate: perStage(
    option({
      value: integer(1),
      argument: 'n',
      help: 'passes whose gradients are accumulated for one step, which equals that of one large batch',
      default: ({ preset }) => preset.accumulate,
      defaultWords: "the preset's",
    }),
  ),
  crops: perStage(
    option({
      value: integer(0),
      argument: 'n',
      help: 'fixed copies of a training image, of which an epoch has one: the centre crop and others, in place of a random crop (and --augment) in each epoch; 0 for that',
      default: 0,
    }),
  ),
  earlyStop: perStage(
    option({
      value: integer(0),
      argument: 'epochs',
      help: 'end a stage after this many epochs without improvement; 0 for never',
      default: ({ preset }) => preset.earlyStop,
      defaultWords: "the preset's",
    }),
  ),
  bestBy: option({
    value: choice(['sum', 'cider']),
    argument: 'what',
    help: "what marks stage 1's best checkpoint, which early stop and stage 2's teacher follow: sum (its validation loss) or cider (of the validation split's impressions, written greedily after each epoch)",
    default: 'sum',
  }),
  checkpointEvery: option({
    value: integer(0),
    argument: 'steps',
    help: 'steps between checkpoints within an epoch; 0 for the ends of epochs only',
    default: 500,
  }),
  stage0: option({
    value: toggleOr(string({ words: 'the folder of a run' })),
    argument: 'run',
    help: "start stage 2 from another run's stage 0",
    default: true,
    defaultWords: 'stage 0 is run where it has epochs',
    off: { value: false, help: 'skip stage 0' },
  }),
  stage1: option({
    value: toggleOr(string({ words: 'the folder of a run' })),
    argument: 'run',
    help: "start stage 2 from another run's stage 1",
    default: true,
    defaultWords: 'stage 1 is run',
    off: { value: false, help: 'skip stage 1' },
  }),
};

const objectiveSettings = {
  ...lossSettings,
  labels: option({
    value: choice(['impression', 'report', 'both']),
    argument: 'texts',
    help: 'label supervision: whose labels, as the rule labeller reads them: of the impression, of the whole report, or of both (two columns for a label)',
    default: 'both',
  }),
  doubtful: option({
    value: numberOr(integer(0, 1), choice(['mask'])) as Value<'mask' | 0 | 1>,
    argument: 'policy',
    help: 'label supervision: what a label is that a report doubts: mask (it does not count), 0 (absent) or 1 (present)',
    default: 'mask',
  }),
  temperature: option({ value: number({ above: 0 }), argument: 'x', help: 'temperature of distillation', default: 1 }),
  tau: option({ value: number({ above: 0 }), argument: 'x', help: 'temperature of the local alignment', default: 0.1 }),
  duplicates: option({
    value: choice(['negatives', 'positives', 'unique']),
    argument: 'how',
    help: 'studies with equal impressions in the global contrast: negatives of each other, positives, or one text (unique)',
    default: ({ preset }) => preset.duplicates,
    defaultWords: "the preset's",
  }),
  teacher: option({
    value: choice(['snapshot', 'live']),
    argument: 'kind',
    help: "distillation's teacher: the frozen copy after stage 1, or the live branch",
    default: 'snapshot',
  }),
};

const allStages = { ...modelSettings, ...scheduleSettings, ...optimizerSettings, ...objectiveSettings };

/** The table: what training reads. */
export const trainingSettings = ofRun({ ...allStages, stages: stagesRow(allStages) });

/** Values of all settings of training. */
export type TrainingConfig = Values<typeof trainingSettings>;

/** Completes settings with the defaults of the preset and of the method. */
export const completeTraining = (options: Partial<TrainingConfig>): TrainingConfig => mergeSettings(trainingSettings, { file: options });

/** The weights of stage 2's losses. */
export const lossWeights = (config: TrainingConfig): LossWeights => Object.fromEntries(lossNames.map((name) => [name, config[name]]));
