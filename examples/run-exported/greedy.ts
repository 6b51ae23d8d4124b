// The generation loop over exported graphs, for onnxruntime-node and onnxruntime-web alike: encoder once, prefill, then decode with a growing past.
import type * as Ort from 'onnxruntime-node';

/** The three graphs of `caption` or `summarize`. */
export interface Sessions {
  readonly encoder: Ort.InferenceSession;
  readonly prefill: Ort.InferenceSession;
  readonly decode: Ort.InferenceSession;
}

/** Settings of the loop, from export.json. */
export interface Settings {
  readonly special: { readonly cls: number; readonly sep: number };
  readonly maxTokens: number;
}

type Values = Readonly<Record<string, Ort.Tensor>>;

const withPrefix = (values: Values, prefix: string): [string, Ort.Tensor][] => Object.entries(values).filter(([name]) => name.startsWith(prefix));

/** The argmax of each row's last logits (B, T, vocab). */
function lastArgmax({ data, dims }: Ort.Tensor): number[] {
  const [rows, tokens, vocabulary] = dims as [number, number, number];
  return Array.from({ length: rows }, (_, row) => {
    const logits = (data as Float32Array).subarray((row * tokens + tokens - 1) * vocabulary, (row + 1) * tokens * vocabulary);
    return logits.reduce((best, value, id) => (value > logits[best]! ? id : best), 0);
  });
}

/** The most likely token at every step, for each study of the inputs (`image`, or `ids` and `mask`), without [CLS] and [SEP]. */
export async function greedy(ort: Pick<typeof Ort, 'Tensor'>, sessions: Sessions, inputs: Values, { special, maxTokens }: Settings): Promise<number[][]> {
  const { memory } = await sessions.encoder.run(inputs);
  const memoryMask: Values = inputs.mask ? { memory_mask: inputs.mask } : {};
  const rows = memory!.dims[0]!;
  const tokens = (ids: number[]): Ort.Tensor => new ort.Tensor('int32', Int32Array.from(ids), [rows, 1]);
  const texts: number[][] = Array.from({ length: rows }, () => []);
  const ended = new Set<number>();
  let values: Values = await sessions.prefill.run({ ids: tokens(texts.map(() => special.cls)), memory: memory!, ...memoryMask });
  const cross = Object.fromEntries(withPrefix(values, 'cross.'));
  for (let step = 0; step < maxTokens; step++) {
    const nextIds = lastArgmax(values.logits!);
    nextIds.forEach((id, row) => {
      if (id === special.sep) ended.add(row);
      else if (!ended.has(row)) texts[row]!.push(id);
    });
    if (ended.size === rows || step === maxTokens - 1) break;
    const past = Object.fromEntries(withPrefix(values, 'present.').map(([name, value]) => [name.replace('present', 'past'), value]));
    values = await sessions.decode.run({ ids: tokens(nextIds), ...past, ...cross, ...memoryMask });
  }
  return texts;
}

/** Text of ids: word pieces joined, special tokens left out. `vocab` is `model.vocab` of tokenizer.json. */
export function textOf(ids: readonly number[], vocab: Readonly<Record<string, number>>): string {
  const pieces = new Map(Object.entries(vocab).map(([piece, id]) => [id, piece]));
  return ids
    .map((id) => pieces.get(id) ?? '[UNK]')
    .filter((piece) => !['[PAD]', '[CLS]', '[SEP]', '[MASK]'].includes(piece))
    .map((piece) => (piece.startsWith('##') ? piece.slice(2) : ` ${piece}`))
    .join('')
    .trim();
}
