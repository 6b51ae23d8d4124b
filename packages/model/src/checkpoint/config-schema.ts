// The schema of config.json: a rule with bounds for every field, and what fields must be to each other. A stranger's file decides how much
// is built, so nothing is built before it holds.
import type { DecoderConfig } from '@hybridmed/decoder';
import type { Fields, Problem, Rule } from '@hybridmed/nn/rules';
import { count, firstProblem, flag, line, list, numberList, objects, oneOf, optional, positive, rate } from '@hybridmed/nn/rules';
import type { BertConfig } from '@hybridmed/text';
import { textPoolings } from '@hybridmed/text';
import type { Relation } from '@hybridmed/vision';
import { imageRules, visionRelations, visionRules } from '@hybridmed/vision';
import type { LabelConfig, ModelConfig, ModuleTextConfig, ModuleVisionConfig, NoVisionConfig, SpecialTokens } from '../model/config.ts';
import { stageNumbers } from '../model/stages.ts';
import { lossesOfImages, lossesWithParameters } from '../objective/terms.ts';
import type { CheckpointConfig, InputConfig } from './config.ts';
import { likelihoodRatioProblem } from './likelihood-ratio.ts';

// Several times what published models of these kinds have.
const { imageSize, channels } = imageRules;
const width = count(16_384);
const depth = count(256);
const heads = count(256);
const positions = count(2 ** 17, 2);
const vocabularySize = count(2 ** 22);
const module = line(4096);

const moduleVision: Record<keyof ModuleVisionConfig, Rule> = { kind: oneOf('module'), module, imageSize, channels };
const noVision: Record<keyof NoVisionConfig, Rule> = { kind: oneOf('none') };
const moduleText: Record<keyof ModuleTextConfig, Rule> = { kind: oneOf('module'), module, vocabularySize, positions };

const bert: Record<keyof BertConfig, Rule> = {
  vocabularySize,
  width,
  depth,
  heads,
  ffn: count(2 ** 17),
  positions,
  types: optional(count(1024)),
  dropout: optional(rate),
  epsilon: optional(positive(1)),
  pooling: optional(oneOf(...textPoolings)),
};

const decoder: Record<keyof DecoderConfig, Rule> = {
  vocabularySize,
  width,
  depth,
  heads,
  positions,
  dropout: optional(rate),
  sharedCross: optional(flag),
  unshared: optional(flag),
  imageAdapter: optional(flag),
  pointer: optional(flag),
};

const id = count(2 ** 22, 0);
const special: Record<keyof SpecialTokens, Rule> = { pad: id, unk: id, cls: id, sep: id, mask: optional(id) };

const mostLabels = 1024;
const labels: Record<keyof LabelConfig, Rule> = {
  columns: list(line(256), mostLabels, 1),
  logOdds: numberList(mostLabels, -100, 100),
  doubtful: oneOf('mask', 0, 1),
  stale: optional(flag),
};

// Both texts begin with [CLS] and end with [SEP].
const length = count(2 ** 17, 3);
const input: Record<keyof InputConfig, Rule> = { resize: count(8192), findingsLength: length, impressionLength: length, retrieve: optional(count(8)) };

const visionKinds: Readonly<Record<string, Fields>> = { ...visionRules, module: moduleVision, none: noVision };

/** The fields of a file, by the kinds of encoders that it names. */
function fieldsOf(value: unknown): Fields {
  const { vision, text } = ((value as Partial<CheckpointConfig>)?.model ?? {}) as Partial<Record<keyof ModelConfig, { kind?: unknown }>>;
  const kind = typeof vision?.kind === 'string' && Object.hasOwn(visionKinds, vision.kind) ? vision.kind : undefined;
  const model: Record<keyof ModelConfig, Rule | Fields> = {
    vision: kind === undefined ? { kind: oneOf(...Object.keys(visionKinds)) } : visionKinds[kind]!,
    text: typeof text === 'object' && text !== null && 'kind' in text ? moduleText : bert,
    align: width,
    projection: optional(oneOf('linear', 'mlp')),
    projectionDropout: optional(rate),
    projectionBias: optional(flag),
    headDropout: optional(rate),
    decoder,
    special,
    losses: optional(list(oneOf(...lossesWithParameters), lossesWithParameters.length, 1)),
    labels: optional(objects(labels)),
  };
  // What it holds has a check of its own.
  const likelihoodRatio = optional({ expected: 'an object', accepts: (own) => typeof own === 'object' && own !== null });
  return { formatVersion: count(1e6), preset: line(64), stage: oneOf(...stageNumbers), model, input, likelihoodRatio } satisfies Record<
    keyof CheckpointConfig,
    Rule | Fields
  >;
}

function labelRelations({ losses = [], labels: own }: ModelConfig): Relation[] {
  const named = losses.includes('lab');
  const { columns = [], logOdds = [] } = own ?? {};
  return [
    ['model.labels', (own !== undefined) === named, named ? 'given, since "losses" names "lab"' : 'absent, since "losses" does not name "lab"'],
    ['model.labels.columns', new Set(columns).size === columns.length, 'without repeats'],
    ['model.labels.logOdds', logOdds.length === columns.length, `as many as "columns", ${columns.length}`],
  ];
}

function relationsOf({ model, input: own }: CheckpointConfig): Relation[] {
  const { vision, text, decoder: sizes, special: tokens, losses = [] } = model;
  const shared = (part: string, of: { readonly width: number; readonly heads: number }): Relation => [
    `model.${part}.heads`,
    of.width % of.heads === 0,
    `a divisor of "width", ${of.width}`,
  ];
  return [
    ...(vision.kind === 'module' || vision.kind === 'none'
      ? []
      : visionRelations(vision).map(([key, holds, expected]): Relation => [`model.vision.${key}`, holds, expected])),
    ...('kind' in text ? [] : [shared('text', text)]),
    shared('decoder', sizes),
    ...labelRelations(model),
    ['model.decoder.vocabularySize', sizes.vocabularySize === text.vocabularySize, `that of "model.text", ${text.vocabularySize}`],
    ...Object.entries(tokens).map(([name, token]): Relation => [
      `model.special.${name}`,
      token < text.vocabularySize,
      `below the vocabulary's size, ${text.vocabularySize}`,
    ]),
    ...(vision.kind === 'none' ? [] : [['input.resize', own.resize >= vision.imageSize, `at least the image's side, ${vision.imageSize}`] as const]),
    ['model.losses', vision.kind !== 'none' || !losses.some((key) => lossesOfImages.some((other) => other === key)), 'without those that need images'],
    ['input.findingsLength', own.findingsLength <= text.positions, `at most the text encoder's positions, ${text.positions}`],
    ['input.impressionLength', own.impressionLength <= text.positions, `at most the text encoder's positions, ${text.positions}`],
  ];
}

/** The first thing that is wrong with what config.json held. */
export function configProblem(value: unknown): Problem | undefined {
  const problem = firstProblem(value, fieldsOf(value));
  if (problem) return problem;
  const { likelihoodRatio, stage, model } = value as CheckpointConfig;
  if (likelihoodRatio && model.vision.kind === 'none') return { key: 'likelihoodRatio', problem: 'must be of a model that reads images' };
  if (likelihoodRatio && stage === 1) return { key: 'likelihoodRatio', problem: 'must be of stage 2, which trains the image branch' };
  const wrong = likelihoodRatio && likelihoodRatioProblem(likelihoodRatio);
  if (wrong) return wrong;
  const broken = relationsOf(value as CheckpointConfig).find(([, holds]) => !holds);
  return broken && { key: broken[0], problem: `must be ${broken[2]}` };
}
