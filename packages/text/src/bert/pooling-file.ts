// The pooling of a sentence encoder, as sentence-transformers keeps it beside the weights: 1_Pooling/config.json.
import { configFields } from '@hybridmed/nn/weights';
import type { TextPooling } from './bert.ts';

const flags: Readonly<Record<TextPooling, string>> = { cls: 'pooling_mode_cls_token', mean: 'pooling_mode_mean_tokens' };
const isFlag = (key: string): boolean => key.startsWith('pooling_mode_');

/**
 * The pooling that a parsed 1_Pooling/config.json says: by flags of which one is true, or by name as `pooling_mode`. Throws a WeightsError
 * for none, several, or one that is none of ours.
 */
export function readPooling(json: unknown, label: string): TextPooling {
  const fields = configFields(json, label);
  const advice = 'this loads cls and mean; say with pretrain --text-pooling which to use instead';
  if (fields.has('pooling_mode')) {
    const name = fields.text('pooling_mode');
    return name === 'cls' || name === 'mean' ? name : fields.refuse('pooling_mode', `is ${JSON.stringify(name).slice(0, 40)}; ${advice}`);
  }
  const on = fields.keys().filter((key) => isFlag(key) && fields.flag(key));
  if (on.length !== 1) return fields.refuse('pooling_mode_*', `is true ${on.length === 0 ? 'for none' : `for ${on.length}`}; ${advice}`);
  const pooling = (Object.keys(flags) as TextPooling[]).find((key) => flags[key] === on[0]);
  return pooling ?? fields.refuse(on[0]!.slice(0, 60), `is true; ${advice}`);
}

/** A sentence encoder's files beside the BERT's own, by path: which modules it has, and its pooling. */
export const writePooling = (pooling: TextPooling, width: number): Readonly<Record<string, object>> => ({
  'modules.json': [
    { idx: 0, name: '0', path: '', type: 'sentence_transformers.models.Transformer' },
    { idx: 1, name: '1', path: '1_Pooling', type: 'sentence_transformers.models.Pooling' },
  ],
  '1_Pooling/config.json': {
    word_embedding_dimension: width,
    ...Object.fromEntries(Object.entries(flags).map(([key, flag]) => [flag, key === pooling])),
    pooling_mode_max_tokens: false,
    pooling_mode_mean_sqrt_len_tokens: false,
  },
});
