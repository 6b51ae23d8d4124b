// The model: encoders, alignment and decoder composed through their interfaces, with every parameter under its checkpoint name.
import type { Alignment } from '@hybridmed/align';
import { alignment, maxLogScale } from '@hybridmed/align';
import type { Decoder, DecoderConfig } from '@hybridmed/decoder';
import { dualBranchDecoder } from '@hybridmed/decoder';
import type { ParameterSpecs, TextEncoder, VisionEncoder } from '@hybridmed/nn';
import { collect, trainedNames } from '@hybridmed/nn';
import { isAdapter } from '@hybridmed/nn/fine-tuning';
import { HybridmedError } from '@hybridmed/tensor';
import { bert } from '@hybridmed/text';
import { visionEncoder } from '@hybridmed/vision';
import { lossParameters, ownLoss } from '../objective/terms.ts';
import type { LossWeights } from '../objective/rows.ts';
import type { LabelConfig, ModelConfig, SpecialTokens } from './config.ts';
import type { Stage } from './stages.ts';
import { stageRow } from './stages.ts';
import type { TextFront } from './text-front.ts';
import { noAlignment, noVision, readsImages } from './no-vision.ts';

export type { Branch } from './parts.ts';

/** A model: its parts, and all their parameters as `vision.*`, `text.*`, `align.*`, `decoder.*`, and `KEY.*` of a loss that has its own. */
export interface Model {
  readonly vision: VisionEncoder;
  readonly text: TextEncoder;
  readonly align: Alignment;
  readonly decoder: Decoder;
  readonly special: SpecialTokens;
  /** Labels that its images are trained by. */
  readonly labels?: LabelConfig;
  /** Dropout of images' vectors before the head that learns these. */
  readonly headDropout?: number;
  /** Where its graphs are behind the frozen front of its text encoder: `text` still reads token ids, and they read features in their place. */
  readonly textFront?: TextFront;
  readonly parameters: ParameterSpecs;
}

/** Parts of a model made from anyone's encoders. */
export interface ModelParts {
  vision: VisionEncoder;
  text: TextEncoder;
  align?: { width?: number; projection?: 'linear' | 'mlp'; dropout?: number; bias?: boolean };
  decoder: DecoderConfig;
  special: SpecialTokens;
  /** Losses with parameters of their own that the model is trained with. */
  losses?: readonly string[];
  /** The labels of label supervision, where that is one of them. */
  labels?: LabelConfig;
  headDropout?: number;
}

/** Composes a model from encoders, whoever made them. Throws a HybridmedError where sizes do not fit. */
export function composeModel({ vision, text, align: common = {}, decoder: sizes, special, losses = [], labels, headDropout }: ModelParts): Model {
  const withImages = readsImages({ vision });
  const align = withImages ? alignment({ vision: vision.width, text: text.width, ...common }) : noAlignment;
  const decoder = dualBranchDecoder(sizes, { image: withImages ? vision.width : null, findings: text.width }, { image: vision.tokenCount });
  const own = lossParameters(losses, { vision, text, ...(labels ? { labels } : {}) });
  const head = { ...(labels ? { labels } : {}), ...(headDropout ? { headDropout } : {}) };
  return { vision, text, align, decoder, special, ...head, parameters: { ...collect({ vision, text, align, decoder }), ...own } };
}

/** Encoders of users' modules, loaded. */
export interface ModuleEncoders {
  readonly vision?: VisionEncoder;
  readonly text?: TextEncoder;
}

/** The encoder of a module. Throws one line where it is missing. */
const loaded = <T>(encoder: T | undefined, kind: string, module: string): T => {
  if (!encoder) throw new HybridmedError(`createModel: the ${kind} encoder is that of the module "${module}"; give it`);
  return encoder;
};

function visionOf(sizes: ModelConfig['vision'], encoders: ModuleEncoders): VisionEncoder {
  if (sizes.kind === 'none') return noVision;
  return sizes.kind === 'module' ? loaded(encoders.vision, 'vision', sizes.module) : visionEncoder(sizes);
}

/** Builds a model from its sizes; `encoders` are those of modules. Throws a HybridmedError where one is missing. */
export function createModel(
  { vision, text, align, projection, projectionDropout, projectionBias, decoder, special, losses, labels, headDropout }: ModelConfig,
  encoders: ModuleEncoders = {},
): Model {
  return composeModel({
    vision: visionOf(vision, encoders),
    text: 'kind' in text ? loaded(encoders.text, 'text', text.module) : bert(text),
    align: {
      width: align,
      ...(projection ? { projection } : {}),
      ...(projectionDropout ? { dropout: projectionDropout } : {}),
      ...(projectionBias ? { bias: true } : {}),
    },
    decoder,
    special,
    ...(losses ? { losses } : {}),
    ...(labels ? { labels } : {}),
    ...(headDropout ? { headDropout } : {}),
  });
}

/** Upper bounds AdamW keeps parameters under: the logit scale's, log 100. */
export const parameterCeilings = { 'align.logit_scale': maxLogScale };

/**
 * Names of what a stage trains. Buffers and what is frozen are never trained, and by the `weights` of the last stage's losses the own
 * parameters of one that is off are not either.
 */
export function trainable({ parameters }: Pick<Model, 'parameters'>, stage: Stage, weights?: LossWeights): string[] {
  const isOff = (name: string): boolean => {
    const loss = ownLoss(name);
    return stage === 2 && weights !== undefined && loss !== undefined && (weights[loss] ?? 0) === 0;
  };
  return trainedNames(parameters).filter((name) => stageRow(stage).owns(name) && !isOff(name));
}

/** Names of what later stages take from one, trained or not, adapters merged. */
export const takenFrom = ({ parameters }: Pick<Model, 'parameters'>, stage: Stage): string[] =>
  Object.keys(parameters).filter((name) => stageRow(stage).owns(name) && !isAdapter(name));
