// What the page and the thread that runs the model say to each other.
import type { MapKind } from 'hybridmed/radiograph';
import type { Film } from './film.ts';

/** A map over a film as a picture to lay over it: red, green, blue, opacity. */
export interface Heat {
  readonly kind: MapKind;
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  /** 1 for pixels that the model sees. */
  readonly seen: Uint8Array;
  /** Where it is warmest, as shares of the sides; absent where nothing on the film speaks for the text. */
  readonly warmest?: { readonly x: number; readonly y: number };
}

/** What the page asks for, and the answer to each. */
export interface Tasks {
  /** Loads the model from the checkpoint under a URL. */
  load: { ask: { readonly folder: string }; answer: { readonly device: string; readonly kinds: readonly MapKind[] } };
  /** Takes a film for everything that follows, and writes its impression. */
  impression: { ask: { readonly film: Film }; answer: string };
  scores: { ask: { readonly prompts: string }; answer: Readonly<Record<string, number>> };
  /** Maps for a text against another, or against a normal film's impression. */
  maps: { ask: { readonly text: string; readonly against?: string }; answer: readonly Heat[] };
  summary: { ask: { readonly findings: string }; answer: string };
}

/** Name of a task. */
export type Task = keyof Tasks;

/** One request. */
export type Request = { [T in Task]: { readonly id: number; readonly task: T; readonly ask: Tasks[T]['ask'] } }[Task];

/** What comes back: how far it is, the answer, or one line. `lost` says that the device is gone, and with it the model. */
export type Reply =
  | { readonly kind: 'progress'; readonly text: string; readonly share?: number }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Tasks[Task]['answer'] }
  | { readonly kind: 'error'; readonly id: number; readonly message: string; readonly lost: boolean };
