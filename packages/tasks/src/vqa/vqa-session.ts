// A fitted model of visual question answering that is open: questions about prepared images, answered one batch after another. It runs in a browser.
import { prepareSquares, prepareTexts } from '@hybridmed/data/browser';
import type { Checkpoint } from '@hybridmed/model';
import type { CallOptions } from '@hybridmed/model/session';
import type { Device, HostArray } from '@hybridmed/tensor';
import { createAnswerer } from './answerer.ts';
import type { VqaConfig } from './vqa-model.ts';
import { vqaModel } from './vqa-model.ts';

/** An answer; of a model that chooses among answers, with its probability. */
export interface GivenAnswer {
  readonly answer: string;
  readonly probability?: number;
}

/** A model that answers. */
export interface VqaSession {
  /** Side of the squares that `images` takes. */
  readonly resize: number;
  /** Squares of `resize` pixels a side -> (B, C, H, W). */
  images(squares: readonly Uint8Array[]): HostArray;
  /** Answers to a question about each image (B, C, H, W). */
  answer(images: HostArray, questions: readonly string[], options?: CallOptions): Promise<GivenAnswer[]>;
  /** Frees programs and state; the device stays open. */
  close(): void;
}

/** Opens a fitted model on a device; `answers` are those that it chooses among. */
export async function openVqaSession(device: Device, checkpoint: Checkpoint, config: VqaConfig, answers: readonly string[]): Promise<VqaSession> {
  const { model, tokenizer, parameters } = checkpoint;
  const { resize, findingsLength } = checkpoint.config.input;
  const { size, channels } = model.vision.image;
  const programs = await createAnswerer(device, checkpoint, vqaModel(model, config), answers);
  const state = device.createState(parameters);
  const answer = await programs.open(state);
  return {
    resize,
    images: (squares) => prepareSquares({ size, channels, resize }, squares),
    async answer(image, questions, { signal } = {}) {
      signal?.throwIfAborted();
      const { ids, mask } = prepareTexts(tokenizer, questions, findingsLength);
      const given = await answer({ image, findings: ids, findings_mask: mask } as Parameters<typeof answer>[0]);
      return given.answers.map((text, row) => ({
        answer: text,
        ...(given.probabilities ? { probability: Math.max(...rowOf(given.probabilities.data, given.probabilities.shape[1]!, row)) } : {}),
      }));
    },
    close() {
      programs.release();
      state.drop();
    },
  };
}

const rowOf = (data: ArrayLike<number>, width: number, row: number): number[] => Array.from({ length: width }, (_, i) => data[row * width + i]!);
