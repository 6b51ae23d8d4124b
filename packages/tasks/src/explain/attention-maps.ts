// Maps from attention weights, which only a traced model gives: the cross-attention that writes each word, and the class token's attention.
import { throughFrozen } from '@hybridmed/model/graphs';
import type { TracedModel } from '@hybridmed/model/session';
import type { HostArray, Program } from '@hybridmed/tensor';
import { classAttentionGraph, crossAttentionGraph } from './attention-graphs.ts';
import type { PatchMap, TextMaps } from './maps.ts';
import { textMaps } from './word-maps.ts';

/** Makes maps from attention of one image (1, C, H, W). */
export interface AttentionMaps {
  /** The cross-attention that writes each word of token ids, without the special tokens. */
  cross(image: HostArray, writtenIds: readonly number[]): Promise<TextMaps>;
  /** The class token's attention, where the encoder has one. */
  cls(image: HostArray): Promise<PatchMap | undefined>;
  release(): void;
}

const rowOf = ({ data, shape }: HostArray, row: number): Float64Array => Float64Array.from(data.subarray(row * shape.at(-1)!, (row + 1) * shape.at(-1)!));

/** Prepares both; each is compiled when it is first needed. */
export function openAttentionMaps({ device, checkpoint, state }: TracedModel, side: number): AttentionMaps {
  const { model, tokenizer } = checkpoint;
  let [crossProgram, classProgram]: [Promise<Program> | undefined, Promise<Program> | undefined] = [undefined, undefined];
  const classGraph = classAttentionGraph(model);
  return {
    async cross(image, writtenIds) {
      crossProgram ??= device.compile(crossAttentionGraph(model));
      // Row t of the attention writes token t + 1: the rows of y1..yn are those of [CLS] y1..y(n-1).
      const input = Int32Array.from([tokenizer.special.cls, ...writtenIds]).subarray(0, Math.max(1, writtenIds.length));
      const inputs = { image: await throughFrozen(model.vision, image), input: { data: input, shape: [1, input.length] } };
      const { attention } = await (await crossProgram).run(inputs, state());
      return textMaps(tokenizer, side, tokenizer.decode([...writtenIds]), writtenIds, (place) => rowOf(attention!, place));
    },
    async cls(image) {
      if (!classGraph) return undefined;
      classProgram ??= device.compile(classGraph);
      const { cls } = await (await classProgram).run({ image: await throughFrozen(model.vision, image) }, state());
      return cls && { side, values: rowOf(cls, 0) };
    },
    release() {
      for (const program of [crossProgram, classProgram]) void program?.then((compiled) => compiled.release?.()).catch(() => undefined);
    },
  };
}
