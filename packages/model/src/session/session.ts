// A model opened for use, whoever computes it: a checkpoint on a device, or exported graphs. Every downstream task goes through this contract,
// whose methods take and give plain data, so that a worker can serve it.
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import type { LikelihoodRatio } from '../checkpoint/likelihood-ratio.ts';
import type { LossParameter } from '../export/manifest.ts';
import type { PartName } from '../model/parts.ts';
import type { Search } from '../generation/generator.ts';
import type { ImageOutput, TextOutput } from '../graphs/features.ts';
import type { LabelConfig, SpecialTokens } from '../model/config.ts';
import type { Branch } from '../model/model.ts';
import type { Stage } from '../model/stages.ts';

/** Facts of an open model. */
export interface SessionInfo {
  /** Where it was opened, for results and messages. */
  readonly source: string;
  readonly preset: string;
  readonly stage: Stage;
  /** Whether it reads images: a model that was trained without any writes from findings alone. */
  readonly readsImages: boolean;
  /** Images (sizes of 0 where it reads none): padded to a square, resized to `resize` pixels, centre-cropped to `size`, in [-1, 1]. */
  readonly image: { readonly size: number; readonly channels: number; readonly resize: number };
  /** Max numbers of tokens, special ones included. */
  readonly findingsLength: number;
  readonly impressionLength: number;
  readonly special: SpecialTokens;
  readonly vocabularySize: number;
  /** Max number of tokens that a branch writes. */
  readonly maxTokens: number;
  /** Number of patches of an image; absent where no exported part says it. */
  readonly patches?: number;
  /** Encoders that are modules', whose code may change unseen. */
  /** Whether the findings branch copies tokens of the findings: its logits then need their ids. */
  readonly copies: boolean;
  readonly modules: readonly ('vision' | 'text')[];
  /** Logarithm of the inverse temperature between image and text embeddings; 0 where it reads no images. */
  readonly logitScale: number;
  /** Values of the parameters of losses that have their own. */
  readonly lossParameters?: Readonly<Record<string, LossParameter>>;
  /** How impressions are written from images by likelihood ratio, where validation studies chose it. */
  readonly likelihoodRatio?: LikelihoodRatio;
  /** Labels that its images were trained by. */
  readonly labels?: LabelConfig;
  /** Who computes, in words, and the kind of device. */
  readonly device: string;
  readonly deviceKind: string;
}

/** Texts as token ids (B, L) and mask (B, L), 1 for real tokens. */
export interface TokenArrays {
  readonly ids: HostArray;
  readonly mask: HostArray;
}

/** Turns what people have into a model's inputs, as in training. */
export interface Preparation {
  /** Squares of `resize` pixels a side -> (B, C, H, W). */
  images(squares: readonly Uint8Array[]): HostArray;
  /** Texts, cut to the length of this section of a report. */
  texts(texts: readonly string[], section: 'findings' | 'impression'): TokenArrays;
}

/** What a branch reads: images (B, C, H, W), or findings; of a model that reads retrieved impressions, token ids hold them already. */
export type BranchInput = { readonly image: HostArray } | { readonly findings: TokenArrays | readonly string[] };

/** Teacher-forced decoding: the branch's memory (B, S, D), its mask (B, S) for findings, and the tokens before those that are predicted (B, T). */
export interface LogitInput {
  readonly memory: HostArray;
  readonly mask?: HostArray;
  /** The memory's tokens (B, S), which a findings branch that copies needs; others leave them. */
  readonly memoryIds?: HostArray;
  readonly ids: HostArray;
}

/** A text that was written: ids without [CLS] and [SEP], and for beam search its score and the other hypotheses, best first. */
export interface GeneratedText {
  readonly text: string;
  readonly ids: readonly number[];
  readonly score: number;
  readonly others?: readonly Omit<GeneratedText, 'others'>[];
}

/** Options of every call: an aborted one ends before its next program, with the signal's reason. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** How texts are written; `onToken` gets each study's tokens as they are chosen, of beam search those of the winner at the end. */
export interface GenerateOptions extends CallOptions {
  readonly search?: Search | undefined;
  readonly onToken?: ((study: number, id: number) => void) | undefined;
}

/** The model itself on a device, for what needs gradients, attention weights or training: no worker and no export has it. */
export interface TracedModel {
  readonly device: Device;
  readonly checkpoint: Checkpoint;
  /** The state that holds the parameters under their checkpoint names, made when first asked for. */
  state(): DeviceState;
}

/** An open model. */
export interface ModelSession {
  readonly info: SessionInfo;
  readonly tokenizer: Tokenizer;
  readonly prepare: Preparation;
  readonly traced?: TracedModel;
  /** Whether a part can be used. */
  has(part: PartName): boolean;
  /** Throws a SessionError of one line that says why a part cannot be used. */
  require(part: PartName): void;
  /**
   * Outputs of images (B, C, H, W) by name. Throws a SessionError where a part is missing. With `patchMask` (B, N), of one image with patches
   * left out: `memory` alone.
   */
  imageFeatures<K extends ImageOutput>(
    images: HostArray,
    outputs: readonly K[],
    options?: CallOptions & { readonly patchMask?: HostArray },
  ): Promise<Readonly<Record<K, HostArray>>>;
  /** Outputs of texts by name; `importance` only of an encoder that has it. Strings are read as impressions are. Throws a SessionError where a part is missing. */
  textFeatures<K extends TextOutput>(
    texts: TokenArrays | readonly string[],
    outputs: readonly K[],
    options?: CallOptions,
  ): Promise<Readonly<Record<Exclude<K, 'importance'>, HostArray>> & { readonly importance?: HostArray }>;
  /** Logits (B, T, vocabulary) of a branch. Throws a SessionError where its part is missing. */
  logits(branch: Branch, input: LogitInput, options?: CallOptions): Promise<HostArray>;
  /**
   * Log-likelihoods (B, K) of K impressions, in nats summed over their tokens and [SEP], by each study's memory (B, S, D), which is projected
   * once; texts are cut to the length of an impression. Throws a SessionError where the branch's part is missing.
   */
  logLikelihoods(branch: Branch, input: Omit<LogitInput, 'ids'>, texts: readonly string[], options?: CallOptions): Promise<HostArray>;
  /** Impressions written by the branch of the input, greedily without a search. Throws a SessionError where its part is missing. */
  generate(input: BranchInput, options?: GenerateOptions): Promise<GeneratedText[]>;
  /** Frees programs and state; the device stays open. */
  close(): Promise<void>;
}
