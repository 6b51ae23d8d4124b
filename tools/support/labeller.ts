// A small BERT with CheXbert's heads in a published folder, made for tests: its labels mean nothing, but depend on the words.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors, initialize } from '@hybridmed/nn';
import type { HostArray } from '@hybridmed/tensor';
import { bertHeads } from '@hybridmed/text';

const vocabulary = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'no', 'acute', 'finding', 'edema', 'left', 'effusion', '.', 'the', 'heart', '##s'];
const sizes = { vocabularySize: vocabulary.length, width: 8, depth: 2, heads: 2, ffn: 12, positions: 16, types: 2 };
/** Classes of CheXbert's heads. */
export const fourteenHeads = [...Array.from({ length: 13 }, () => 4), 2];

/** Writes a labeller's folder as CheXbert's is laid out, of random weights, and returns it. `change` may spoil its tensors. */
export function labellerFolder(
  path: string,
  heads: readonly number[] = fourteenHeads,
  change: (arrays: Record<string, HostArray>) => void = () => undefined,
): string {
  mkdirSync(path);
  const own = initialize(bertHeads({ bert: sizes, heads }).parameters, 3);
  const arrays: Record<string, HostArray> = Object.fromEntries(
    Object.entries(own).map(([key, value]) => {
      // Random values of the usual size would give all texts nearly the same logits.
      const large = key.endsWith('weight') && !key.includes('LayerNorm') ? { ...value, data: (value.data as Float32Array).map((x) => x * 100) } : value;
      return [`module.${key.startsWith('linear_heads') ? '' : 'bert.'}${key}`, large];
    }),
  );
  change(arrays);
  writeFileSync(join(path, 'model.safetensors'), Buffer.concat(encodeSafetensors(arrays)));
  writeFileSync(join(path, 'vocab.txt'), `${vocabulary.join('\n')}\n`);
  const config = {
    model_type: 'bert',
    vocab_size: sizes.vocabularySize,
    hidden_size: 8,
    num_hidden_layers: 2,
    num_attention_heads: 2,
    intermediate_size: 12,
    max_position_embeddings: 16,
    type_vocab_size: 2,
  };
  writeFileSync(join(path, 'config.json'), JSON.stringify(config));
  return path;
}
