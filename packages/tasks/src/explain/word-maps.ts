// Maps of a text word by word: its words against the patches of an image, as any model gives them, and the cross-attention that writes it.
import type { ModelSession } from '@hybridmed/model/session';
import type { HostArray } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { PatchMap, TextMaps } from './maps.ts';
import { wordsOf } from './words.ts';

const meanMap = (side: number, rows: readonly Float64Array[]): PatchMap => ({
  side,
  values: Float64Array.from({ length: side * side }, (_, i) => rows.reduce((sum, row) => sum + row[i]!, 0) / Math.max(1, rows.length)),
});

/** Maps of a text's words from one map per token, and their mean. */
export function textMaps(tokenizer: Tokenizer, side: number, text: string, ids: readonly number[], map: (place: number) => Float64Array): TextMaps {
  const words = wordsOf(tokenizer, ids).map(({ word, places }) => ({ word, map: meanMap(side, places.map(map)) }));
  return {
    text,
    words,
    whole: meanMap(
      side,
      words.map((own) => own.map.values),
    ),
  };
}

/** softmax_j(w_i.p_j / tau) of one word vector over patches (1, N, d). */
function attentionOver(word: ArrayLike<number>, { data, shape }: HostArray, tau: number): Float64Array {
  const [, count, width] = shape as [number, number, number];
  const logits = Float64Array.from({ length: count }, (_, patch) => {
    let dot = 0;
    for (let i = 0; i < width; i++) dot += word[i]! * data[patch * width + i]!;
    return dot / tau;
  });
  const greatest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = logits.map((value) => Math.exp(value - greatest));
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((value) => value / total);
}

/** Each word of a text against the patches of an image (1, C, H, W), as the local alignment loss has it. */
export async function alignmentMaps(model: ModelSession, image: HostArray, text: string, { side, tau }: { side: number; tau: number }): Promise<TextMaps> {
  const tokens = model.prepare.texts([text], 'findings');
  const [{ patches }, { words }] = [await model.imageFeatures(image, ['patches']), await model.textFeatures(tokens, ['words'])];
  const width = words.shape[2]!;
  const wordVector = (place: number) => words.data.subarray(place * width, (place + 1) * width);
  return textMaps(model.tokenizer, side, text, Array.from(tokens.ids.data), (place) => attentionOver(wordVector(place), patches, tau));
}
