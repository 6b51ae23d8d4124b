// Messages between the page and the worker that runs the model.
import type { MapKind, RatioImpression } from 'hybridmed/radiograph';
import type { Radiograph } from './radiograph.ts';

/** A heat map as an overlay of the image's size: red, green, blue, opacity. */
export interface Heat {
  readonly kind: MapKind;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** 1 for pixels in the model's field of view. */
  readonly inView: Uint8Array;
  /** The warmest point, as fractions of the sides; absent if no part of the image supports the text. */
  readonly warmest?: { readonly x: number; readonly y: number };
}

/** How the impression of a radiograph is written; the likelihood ratio only where the checkpoint has one. */
export type Search = 'greedy' | 'likelihood-ratio';

/** An impression, and for the likelihood ratio whether it names a finding, its score and those of the next candidates. */
export interface Impression {
  readonly text: string;
  readonly ratio?: Omit<RatioImpression, 'text'>;
}

/** Requests of the page, and the answer to each. */
export interface Tasks {
  /** Loads the model from the checkpoint under a URL. */
  load: { ask: { readonly folder: string }; answer: { readonly device: string; readonly kinds: readonly MapKind[]; readonly searches: readonly Search[] } };
  /** Sets the radiograph for the requests that follow, and generates its impression. */
  impression: { ask: { readonly radiograph: Radiograph; readonly search: Search }; answer: Impression };
  scores: { ask: { readonly prompts: string }; answer: Readonly<Record<string, number>> };
  /** Maps for a text compared with another, or with the impression of a normal radiograph. */
  maps: { ask: { readonly text: string; readonly against?: string }; answer: readonly Heat[] };
  summary: { ask: { readonly findings: string }; answer: string };
}

/** Name of a task. */
export type Task = keyof Tasks;

/** One request. */
export type Request = { [T in Task]: { readonly id: number; readonly task: T; readonly ask: Tasks[T]['ask'] } }[Task];

/** Replies: progress, the answer, or an error in one line. `lost` says that the device was lost, and with it the model. */
export type Reply =
  | { readonly kind: 'progress'; readonly text: string; readonly fraction?: number }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Tasks[Task]['answer'] }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly lost: boolean };
