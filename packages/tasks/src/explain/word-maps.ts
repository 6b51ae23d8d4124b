// Maps of a text word by word, from attention: words against patches, and the image branch's cross-attention; and the class token's map.
import { prepareTexts } from '@hybridmed/data/browser';
import type { Model } from '@hybridmed/model';
import type { Device, DeviceState, HostArray } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { alignmentMapGraph, crossAttentionGraph } from './attention-graphs.ts';
import type { PatchMap, TextMaps } from './maps.ts';
import { wordsOf } from './words.ts';

/** Makes maps from attention. */
export interface AttentionMaps {
  /** Each word of a text against the patches, and the class token's attention where the encoder has one. */
  alignment(image: HostArray, text: string): Promise<{ alignment: TextMaps; cls?: PatchMap }>;
  /** The cross-attention that writes each word of token ids, without the special tokens. */
  attention(image: HostArray, writtenIds: readonly number[]): Promise<TextMaps>;
  release(): void;
}

const rowOf = ({ data, shape }: HostArray, row: number): Float64Array => Float64Array.from(data.subarray(row * shape.at(-1)!, (row + 1) * shape.at(-1)!));

const meanMap = (side: number, rows: readonly Float64Array[]): PatchMap => ({
  side,
  values: Float64Array.from({ length: side * side }, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / Math.max(1, rows.length)),
});

/** Compiles both on a device. `tau` is the temperature of the local alignment, `textLength` the max number of tokens. */
export async function openAttentionMaps(
  device: Device,
  state: DeviceState,
  { model, tokenizer, side, tau, textLength }: { model: Model; tokenizer: Tokenizer; side: number; tau: number; textLength: number },
): Promise<AttentionMaps> {
  const [align, cross] = [await device.compile(alignmentMapGraph(model, tau)), await device.compile(crossAttentionGraph(model))];
  const textMaps = (text: string, ids: readonly number[], map: (place: number) => Float64Array): TextMaps => {
    const words = wordsOf(tokenizer, ids).map(({ word, places }) => ({ word, map: meanMap(side, places.map(map)) }));
    return {
      text,
      words,
      whole: meanMap(
        side,
        words.map((own) => own.map.values),
      ),
    };
  };
  return {
    async alignment(image, text) {
      const { ids, mask } = prepareTexts(tokenizer, [text], textLength);
      const { alignment, cls } = await align.run({ image, findings: ids, findings_mask: mask }, state);
      const words = textMaps(text, Array.from(ids.data), (place) => rowOf(alignment!, place));
      return { alignment: words, ...(cls ? { cls: { side, values: rowOf(cls, 0) } } : {}) };
    },
    async attention(image, writtenIds) {
      // Row t of the attention writes token t + 1: the rows of y1..yn are those of [CLS] y1..y(n-1).
      const input = Int32Array.from([tokenizer.special.cls, ...writtenIds]).subarray(0, Math.max(1, writtenIds.length));
      const { attention } = await cross.run({ image, input: { data: input, shape: [1, input.length] } }, state);
      return textMaps(tokenizer.decode([...writtenIds]), writtenIds, (place) => rowOf(attention!, place));
    },
    release() {
      align.release?.();
      cross.release?.();
    },
  };
}
