// Saves a checkpoint's encoder with the names and layout of Python's libraries: transformers for text, timm for vision.
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { CheckpointConfig } from '@hybridmed/model';
import type { StageWeights } from '@hybridmed/model/objective';
import type { ParameterSpecs } from '@hybridmed/nn';
import { encodeSafetensors } from '@hybridmed/nn';
import type { CheckpointEncoders, CheckpointPart } from '@hybridmed/runtime';
import { openCheckpointPart } from '@hybridmed/runtime';
import { fileError, replaceFolder } from '@hybridmed/runtime/files';
import { readMetrics, readProvenance, runOf, readRunConfig } from '@hybridmed/runtime/run';
import { version } from '@hybridmed/runtime/version';
import { savedEvaluation } from '@hybridmed/tasks/node';
import type { HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { BertConfig } from '@hybridmed/text';
import { bert } from '@hybridmed/text';
import type { BestBy, ValidationLine } from '@hybridmed/training';
import { watchedOf } from '@hybridmed/training';
import { publishVision, visionEncoder } from '@hybridmed/vision';
import { bertFiles } from './bert-files.ts';
import type { CardFacts } from './model-card.ts';
import { modelCard } from './model-card.ts';

/** What to save, and where. */
export interface SaveEncoderOptions {
  /** A checkpoint, or a run's folder. */
  readonly checkpoint: string;
  readonly part: 'vision' | 'text';
  /** The folder to make; one that an earlier call made is replaced. */
  readonly out: string;
  /** Modules of the checkpoint's encoders, which need not be named: none is run. */
  readonly encoders?: CheckpointEncoders | undefined;
}

/** What was saved. */
export interface SavedEncoder {
  readonly checkpoint: string;
  readonly part: 'vision' | 'text';
  readonly out: string;
  readonly tensors: number;
  readonly parameters: number;
}

/** The validation of a stage's best checkpoint: the best by what the run watched, of equals the first. */
async function bestValidation(run: string, plan: StageWeights, settings: BestBy): Promise<ValidationLine | undefined> {
  const validations = (await readMetrics(run)).filter((line): line is ValidationLine => 'validation' in line && line.stage === plan.stage);
  const watched = watchedOf(plan, settings);
  return validations.toSorted((a, b) => watched.value(a) - watched.value(b))[0];
}

async function factsOf({ folder, config }: CheckpointPart): Promise<Omit<CardFacts, 'part' | 'library' | 'usage' | 'inputAndOutput'>> {
  const run = runOf(folder);
  const common = { preset: config.preset, stage: config.stage, version: version() };
  if (run === undefined) return common;
  const weights = await readRunConfig(run);
  return {
    ...common,
    run: weights,
    provenance: await readProvenance(run),
    validation: await bestValidation(run, { stage: config.stage, weights }, weights),
    evaluation: await savedEvaluation(run),
  };
}

/** The text encoder's sizes. Throws one line for a module's, whose code and layout are its author's. */
function textSizes({ model: { text } }: CheckpointConfig): BertConfig {
  if ('kind' in text) throw new HybridmedError(`save: the text encoder is that of the module "${text.module}"; transformers has no such model`);
  return text;
}

/** The vision encoder's sizes. Throws one line for a module's, or where there is none. */
function visionSizes({ model: { vision } }: CheckpointConfig): Exclude<typeof vision, { readonly kind: 'module' | 'none' }> {
  if (vision.kind === 'none')
    throw new HybridmedError('save: the model was trained without images (--vision none) and has no vision encoder; save --part text');
  if (vision.kind === 'module') throw new HybridmedError(`save: the vision encoder is that of the module "${vision.module}"; timm has no such model`);
  return vision;
}

const specsOf =
  (part: 'vision' | 'text') =>
  (config: CheckpointConfig): ParameterSpecs =>
    part === 'text' ? bert(textSizes(config)).parameters : visionEncoder(visionSizes(config)).parameters;

interface Layout {
  readonly files: Readonly<Record<string, string>>;
  readonly extraTensors: HostArrays;
  readonly library: string;
  readonly usage: string;
  readonly inputAndOutput: string;
}

function textLayout({ config, tokenizer }: CheckpointPart): Layout {
  const text = textSizes(config);
  return {
    files: bertFiles(text, tokenizer),
    extraTensors: {},
    library: 'transformers',
    usage: `from transformers import AutoModel, AutoTokenizer
tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder, add_pooling_layer=False)
hidden = model(**tokenizer("The heart is enlarged.", return_tensors="pt")).last_hidden_state`,
    inputAndOutput: `It reads reports (${text.vocabularySize} tokens, ${text.positions} positions) and gives a vector of ${text.width} values per token; ${text.pooling === 'mean' ? 'their mean over all tokens' : 'that of [CLS]'} represents the text.`,
  };
}

function visionLayout({ config }: CheckpointPart): Layout {
  const vision = visionSizes(config);
  const { library, usage, config: published, extra } = publishVision(vision);
  const scale = vision.mean ? `pixels from 0 to 1 less the mean ${vision.mean.join(', ')}, divided by ${vision.std!.join(', ')}` : 'scaled to [-1, 1]';
  const channels = vision.channels === 1 ? 'one grey channel' : `${vision.channels} equal channels`;
  return {
    files: { 'config.json': `${JSON.stringify(published, undefined, 2)}\n` },
    extraTensors: extra,
    library,
    usage,
    inputAndOutput: `It reads radiographs of ${vision.imageSize} x ${vision.imageSize} pixels in ${channels}, padded to a square, ${scale}.`,
  };
}

/** Saves an encoder. Other parts are not opened, so that their modules need no name. Throws one line for a missing checkpoint, an encoder that is a module's or that the library cannot express, or an existing folder that is no saved encoder. */
export async function saveEncoder({ checkpoint: path, part, out, encoders }: SaveEncoderOptions): Promise<SavedEncoder> {
  if (existsSync(out) && !existsSync(join(out, 'model.safetensors'))) throw fileError(out, 'exists and is no saved encoder', 'name another --out');
  if (existsSync(join(out, 'optimizer.safetensors')) || existsSync(join(out, 'run.json')))
    throw fileError(out, 'is a checkpoint or a run', 'name another --out');
  const checkpoint = await openCheckpointPart(path, part, { specsOf: specsOf(part), encoders });
  const { files, extraTensors, library, usage, inputAndOutput } = part === 'text' ? textLayout(checkpoint) : visionLayout(checkpoint);
  const tensors = { ...checkpoint.parameters, ...extraTensors };
  const card = modelCard({ ...(await factsOf(checkpoint)), part, library, usage, inputAndOutput });
  await replaceFolder(out, async (temporary) => {
    const write = async (name: string, content: string | readonly Uint8Array[]) => {
      const file = join(temporary, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content as string, { flush: true });
    };
    await write('model.safetensors', encodeSafetensors(tensors, { format: 'pt' }));
    for (const [name, content] of Object.entries({ ...files, 'README.md': card })) await write(name, content);
  });
  const parameters = Object.values(tensors).reduce((sum, { data }) => sum + data.length, 0);
  return { checkpoint: checkpoint.folder, part, out, tensors: Object.keys(tensors).length, parameters };
}
