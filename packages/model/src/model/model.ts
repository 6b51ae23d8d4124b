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
import { lossParameters } from '../objective/terms.ts';
import type { ModelConfig, SpecialTokens, Stage } from './config.ts';
import { noAlignment, noVision, readsImages } from './no-vision.ts';

/** The two branches, by the memory they read. */
export type Branch = 'image' | 'findings';

/** A model: its parts, and all their parameters as `vision.*`, `text.*`, `align.*`, `decoder.*`, and `KEY.*` of a loss that has its own. */
export interface Model {
  readonly vision: VisionEncoder;
  readonly text: TextEncoder;
  readonly align: Alignment;
  readonly decoder: Decoder;
  readonly special: SpecialTokens;
  readonly parameters: ParameterSpecs;
}

/** Parts of a model made from anyone's encoders. */
export interface ModelParts {
  vision: VisionEncoder;
  text: TextEncoder;
  align?: { width?: number; projection?: 'linear' | 'mlp'; dropout?: number };
  decoder: DecoderConfig;
  special: SpecialTokens;
  /** Losses with parameters of their own that the model is trained with. */
  losses?: readonly string[];
}

/** Composes a model from encoders, whoever made them. Throws a HybridmedError where sizes do not fit. */
export function composeModel({ vision, text, align: common = {}, decoder: sizes, special, losses = [] }: ModelParts): Model {
  const withImages = readsImages({ vision });
  const align = withImages ? alignment({ vision: vision.width, text: text.width, ...common }) : noAlignment;
  const decoder = dualBranchDecoder(sizes, { image: withImages ? vision.width : null, findings: text.width });
  return { vision, text, align, decoder, special, parameters: { ...collect({ vision, text, align, decoder }), ...lossParameters(losses, { vision, text }) } };
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
  { vision, text, align, projection, projectionDropout, decoder, special, losses }: ModelConfig,
  encoders: ModuleEncoders = {},
): Model {
  return composeModel({
    vision: visionOf(vision, encoders),
    text: 'kind' in text ? loaded(encoders.text, 'text', text.module) : bert(text),
    align: { width: align, ...(projection ? { projection } : {}), ...(projectionDropout ? { dropout: projectionDropout } : {}) },
    decoder,
    special,
    ...(losses ? { losses } : {}),
  });
}

/** Upper bounds AdamW keeps parameters under: the logit scale's, log 100. */
export const parameterCeilings = { 'align.logit_scale': maxLogScale };

const ofStage1 = (name: string): boolean => name.startsWith('text.') || (name.startsWith('decoder.') && !name.includes('.image.'));

/** Names of what a stage trains. Stage 1: the text encoder, and the decoder without the image branch's tensors; stage 2: everything. Buffers and what is frozen are never trained. */
export function trainable({ parameters }: Model, stage: Stage): string[] {
  const names = trainedNames(parameters);
  return stage === 2 ? names : names.filter(ofStage1);
}

/** Names of what stage 2 takes from stage 1, trained or not, adapters merged: the text encoder, and the decoder without the image branch's tensors. */
export function stage1Names({ parameters }: Model): string[] {
  return Object.keys(parameters).filter((name) => ofStage1(name) && !isAdapter(name));
}
