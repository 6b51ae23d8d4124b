// The encoders a run trains: the preset's, those of published checkpoints with their values, or those of modules.
import type { InputConfig, LabelConfig, ModelConfig, ModuleEncoders } from '@hybridmed/model';
import { presets } from '@hybridmed/model/presets';
import type { WeightRow } from '@hybridmed/nn/weights';
import type { HostArray } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { RunConfig } from '../settings/run-settings.ts';
import { runModelConfig } from '@hybridmed/training';
import type { TrainingConfig } from '@hybridmed/training/settings';
import { publishedName } from '@hybridmed/training/options';
import { moduleText, moduleVision } from '../encoders/module-encoders.ts';
import { pretrainedText, pretrainedVision } from '../encoders/published-encoders.ts';
import { isHubName } from '../hub/hub-name.ts';

/** A run's encoders and the sizes that follow from them. */
export interface RunEncoders {
  readonly sizes: ModelConfig;
  /** The sizes under other settings of training: those of a stage. */
  sizesOf(config: TrainingConfig): ModelConfig;
  readonly input: InputConfig;
  /** Those of modules, loaded. */
  readonly ofModules: ModuleEncoders;
  /** What is taken by convention of published checkpoints that do not state it. */
  readonly assumed: readonly string[];
  /** How the images of a published vision encoder are normalized, and who says so. */
  readonly images?: string | undefined;
  /** Start values of published checkpoints, by the model's names. */
  load(): Promise<Record<string, HostArray>>;
}

/** One encoder: its sizes, and where its values come from. */
interface EncoderPart {
  readonly sizes: Partial<Pick<ModelConfig, 'vision' | 'text'>>;
  readonly ofModules?: ModuleEncoders;
  readonly assumed?: readonly string[];
  readonly images?: string | undefined;
  load?(): Promise<Record<string, HostArray>>;
}

/** What was loaded of a checkpoint, in a few lines: the counts, and each tensor with a note. */
function describeTable(part: string, path: string, table: readonly WeightRow[]): string[] {
  const count = (status: WeightRow['status']) => new Set(table.filter((row) => row.status === status).map(({ tensor }) => tensor)).size;
  const notes = new Map<string, string[]>();
  for (const { note, tensor } of table) if (note) notes.set(note, [...(notes.get(note) ?? []), tensor]);
  return [
    `${part}: ${path}: ${count('loaded')} tensors loaded, ${count('converted')} converted, ${count('left over')} left over (hybridmed info ${isHubName(path) ? path : `hf:${path}`} lists them)`,
    ...[...notes].map(([note, tensors]) => `${part}: ${note}: ${tensors[0]}${tensors.length > 1 ? ` and ${tensors.length - 1} more` : ''}`),
  ];
}

async function visionOf(config: RunConfig, onMessage: (text: string) => void): Promise<EncoderPart> {
  const preset = presets[config.preset].vision;
  if (config.vision === 'none') return { sizes: { vision: { kind: 'none' } } };
  const image = { size: config.imageSize || preset.imageSize, channels: preset.channels };
  const { vision } = config;
  if (vision === 'preset' && image.size % preset.patch !== 0)
    throw new HybridmedError(
      `"imageSize" is ${image.size}; the preset's patches need a multiple of ${preset.patch}, such as --image-size ${preset.patch * Math.max(1, Math.round(image.size / preset.patch))}`,
    );
  if (vision === 'preset') return { sizes: { vision: { ...preset, imageSize: image.size } } };
  const path = publishedName(vision);
  if (path !== undefined) {
    const { config: own, table, load, ...rest } = await pretrainedVision(path, image);
    describeTable('vision', path, table).forEach(onMessage);
    const assumed = rest.assumed.map((what) => `vision: ${path}: assumed: ${what}`);
    const images = rest.normalization?.description;
    if (images !== undefined) onMessage(`vision: ${path}: ${images}`);
    assumed.forEach((line) => onMessage(line));
    return { sizes: { vision: own }, assumed, images, load };
  }
  const encoder = await moduleVision(vision, image);
  return {
    sizes: { vision: { kind: 'module', module: vision, imageSize: encoder.image.size, channels: encoder.image.channels } },
    ofModules: { vision: encoder },
  };
}

async function textOf(config: RunConfig, tokenizer: Tokenizer, onMessage: (text: string) => void): Promise<EncoderPart> {
  const { text, seed, textPooling } = config;
  if (text === 'preset') return { sizes: {} };
  const path = publishedName(text);
  if (path !== undefined) {
    const { config: own, table, load, ...rest } = await pretrainedText(path, { tokenizer, seed, ...(textPooling === 'own' ? {} : { pooling: textPooling }) });
    describeTable('text', path, table).forEach(onMessage);
    const assumed = rest.assumed.map((what) => `text: ${path}: assumed: ${what}`);
    assumed.forEach((line) => onMessage(line));
    return { sizes: { text: own }, assumed, load };
  }
  if (textPooling !== 'own')
    throw new HybridmedError(
      `"textPooling" is "${textPooling}"; the text encoder is that of the module "${text}", which pools by itself: leave --text-pooling out`,
    );
  const { findingsLength, impressionLength } = presets[config.preset];
  const vocabulary = tokenizer.vocabularySize;
  const encoder = await moduleText(text, { vocabulary, maxTokens: Math.max(findingsLength, impressionLength) });
  return { sizes: { text: { kind: 'module', module: text, vocabularySize: vocabulary, positions: encoder.maxTokens } }, ofModules: { text: encoder } };
}

const withPrefix = (values: Readonly<Record<string, HostArray>>, part: string): [string, HostArray][] =>
  Object.entries(values).map(([name, value]) => [`${part}.${name}`, value]);

/** Opens what the configuration names. Throws one line for a checkpoint or module that does not fit. */
export async function runEncoders(
  config: RunConfig,
  tokenizer: Tokenizer,
  { labels, onMessage = () => undefined }: { readonly labels?: LabelConfig | undefined; readonly onMessage?: ((text: string) => void) | undefined } = {},
): Promise<RunEncoders> {
  const [vision, text] = [await visionOf(config, onMessage), await textOf(config, tokenizer, onMessage)];
  const sizesOf = (own: TrainingConfig) => runModelConfig(own, tokenizer, { ...vision.sizes, ...text.sizes, labels });
  const sizes = sizesOf(config);
  const preset = presets[config.preset];
  const maxTokens = sizes.text.positions;
  return {
    sizes,
    sizesOf,
    // Images are resized larger than the crop by the preset's factor; without images the preset's size is kept.
    input: {
      resize: sizes.vision.kind === 'none' ? preset.resize : Math.round((sizes.vision.imageSize * preset.resize) / preset.vision.imageSize),
      findingsLength: Math.min(preset.findingsLength, maxTokens),
      impressionLength: Math.min(preset.impressionLength, maxTokens),
    },
    ofModules: { ...vision.ofModules, ...text.ofModules },
    assumed: [...(vision.assumed ?? []), ...(text.assumed ?? [])],
    images: vision.images,
    load: async () => Object.fromEntries([...withPrefix((await vision.load?.()) ?? {}, 'vision'), ...withPrefix((await text.load?.()) ?? {}, 'text')]),
  };
}
