// Log-likelihoods of texts by memories: texts of like length go through the decoder together, for one study after another.
import type { HostArray } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import { sliceRows } from '../host-arrays.ts';
import type { SpecialTokens } from '../model/config.ts';

/** Texts as the decoder is taught them, (K, T) each. */
export type TextTargets = Readonly<Record<'input' | 'target' | 'target_mask', HostArray>>;

/** Texts by one study's memory (1, S, D), with its mask (1, S) for findings. */
export type LikelihoodInputs = TextTargets & { readonly memory: HostArray; readonly memory_mask?: HostArray };

// Rows of one call: what it holds at once is bounded by them, however many texts there are.
const rowsPerCall = 64;

interface Group {
  readonly targets: TextTargets;
  /** The texts of the rows. */
  readonly texts: readonly number[];
}

/** Texts from the shortest to the longest in calls, so that little is padding. */
function groupsOf(texts: readonly string[], tokenizer: Tokenizer, special: SpecialTokens, maxTokens: number): Group[] {
  const encoded = texts.map((text) => tokenizer.encode(text, maxTokens));
  const order = [...encoded.keys()].toSorted((a, b) => encoded[a]!.length - encoded[b]!.length || a - b);
  const groups: Group[] = [];
  for (let start = 0; start < order.length; start += rowsPerCall) {
    const rows = order.slice(start, start + rowsPerCall);
    const length = encoded[rows.at(-1)!]!.length - 1;
    const shape = [rows.length, length];
    const textAt = (i: number): readonly number[] => encoded[rows[Math.floor(i / length)]!]!;
    const isToken = (i: number): boolean => i % length < textAt(i).length - 1;
    const ids = (from: 0 | 1) => Int32Array.from({ length: rows.length * length }, (_, i) => (isToken(i) ? textAt(i)[(i % length) + from]! : special.pad));
    const mask = Float32Array.from({ length: rows.length * length }, (_, i) => (isToken(i) ? 1 : 0));
    groups.push({ texts: rows, targets: { input: { data: ids(0), shape }, target: { data: ids(1), shape }, target_mask: { data: mask, shape } } });
  }
  return groups;
}

/** Log-likelihoods (B, K) by memories (B, S, D), from what gives those (K) of one memory. */
export async function textLikelihoods(
  likelihoods: (inputs: LikelihoodInputs) => Promise<HostArray>,
  { memory, mask }: { readonly memory: HostArray; readonly mask?: HostArray | undefined },
  texts: readonly string[],
  { tokenizer, special, maxTokens, signal }: { tokenizer: Tokenizer; special: SpecialTokens; maxTokens: number; signal?: AbortSignal | undefined },
): Promise<HostArray> {
  const groups = groupsOf(texts, tokenizer, special, maxTokens);
  const studies = memory.shape[0]!;
  const data = new Float32Array(studies * texts.length);
  for (let study = 0; study < studies; study++) {
    const own = { memory: sliceRows(memory, study, study + 1), ...(mask ? { memory_mask: sliceRows(mask, study, study + 1) } : {}) };
    for (const { targets, texts: places } of groups) {
      signal?.throwIfAborted();
      const values = (await likelihoods({ ...targets, ...own })).data;
      // Rounding may leave a certain token a little above 0.
      places.forEach((text, row) => (data[study * texts.length + text] = Math.min(0, values[row]!)));
    }
  }
  return { data, shape: [studies, texts.length] };
}

/** Sums (K) over target tokens of log softmax of logits (K, T, vocabulary), on the host. */
export function logLikelihoodsOf({ data, shape }: HostArray, { target, target_mask: mask }: Omit<TextTargets, 'input'>): HostArray {
  const [rows, length, vocabulary] = shape as [number, number, number];
  const sums = new Float64Array(rows);
  for (let token = 0; token < rows * length; token++) {
    if (mask.data[token] === 0) continue;
    const logits = data.subarray(token * vocabulary, (token + 1) * vocabulary);
    let [most, sum] = [-Infinity, 0];
    for (const logit of logits) most = Math.max(most, logit);
    for (const logit of logits) sum += Math.exp(logit - most);
    sums[Math.floor(token / length)]! += logits[target.data[token]!]! - most - Math.log(sum);
  }
  return { data: Float32Array.from(sums), shape: [rows] };
}
