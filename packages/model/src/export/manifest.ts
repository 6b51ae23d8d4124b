// The manifest of an exported folder: which files hold which graph, and how inputs are prepared for them.
import type { LikelihoodRatio } from '../checkpoint/likelihood-ratio.ts';
import type { SpecialTokens } from '../model/config.ts';
import type { Branch } from '../model/model.ts';

/** Version of the folder's layout. */
export const exportVersion = 2;

/** Name of the manifest in the folder. */
export const manifestName = 'export.json';

/** Names of the parts. */
export const partNames = ['vision', 'text', 'align', 'caption', 'summarize', 'removal'] as const;

/** One part. */
export type PartName = (typeof partNames)[number];

/** Part of a branch that writes texts. */
export const partOfBranch = { image: 'caption', findings: 'summarize' } as const satisfies Record<Branch, PartName>;

/** An input or output: element type and sizes, open ones by symbol (`B` studies, `L` tokens, `S` memory, `T` new and `P` past tokens). */
export interface PortSpec {
  readonly dtype: 'f32' | 'i32';
  readonly shape: readonly (number | string)[];
}

/** One graph's file. */
export interface ExportedGraph {
  /** Path in the folder. */
  readonly file: string;
  readonly bytes: number;
  /** The file of weights beside it, where they are too large for one file. */
  readonly external?: { readonly file: string; readonly bytes: number };
  readonly inputs: Readonly<Record<string, PortSpec>>;
  readonly outputs: Readonly<Record<string, PortSpec>>;
  /** Max difference of ONNX Runtime's outputs from the model's own, relative to the largest output (at least 1), on random inputs. */
  readonly error: number;
}

/** One exported part. */
export interface ExportedPart {
  readonly opset: number;
  readonly precision: 'f32' | 'f16' | 'int8';
  readonly graphs: Readonly<Record<string, ExportedGraph>>;
}

/** A parameter of a loss, row-major. */
export interface LossParameter {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** The manifest. */
export interface ExportManifest {
  readonly exportVersion: number;
  /** SHA-256 of the checkpoint's weights: parts of one folder are of one checkpoint. */
  readonly weights: string;
  readonly preset: string;
  readonly stage: 1 | 2;
  /** Images: padded to a square with 0, longest side resized, centre cropped, scaled to [0, 1], then (x - mean) / std. Absent for a model that reads none. */
  readonly image?: { readonly size: number; readonly channels: number; readonly resize: number; readonly mean: 0.5; readonly std: 0.5 };
  /** Max numbers of tokens, special ones included. */
  readonly text: { readonly findingsLength: number; readonly impressionLength: number };
  readonly special: SpecialTokens;
  readonly decoder: { readonly vocabularySize: number; readonly width: number; readonly depth: number; readonly positions: number };
  /** Logarithm of the inverse temperature between image and text embeddings; 0 for a model that reads no images. */
  readonly logitScale: number;
  /** Values of the parameters of losses that have their own, by name. */
  readonly lossParameters?: Readonly<Record<string, LossParameter>>;
  /** Writing from images by likelihood ratio, where the checkpoint has it. */
  readonly likelihoodRatio?: LikelihoodRatio;
  readonly parts: Readonly<Partial<Record<PartName, ExportedPart>>>;
}
