// From the tensors of a published BERT to ours: sizes, the prefix they lie under, and rows of the vocabulary by token.
import type { ConfigFields, Recipe, Recipes, TensorShapes } from '@hybridmed/nn/weights';
import { configFields, WeightsError } from '@hybridmed/nn/weights';
import type { BertConfig } from './bert.ts';

/** What is known of a checkpoint beside its tensors. */
export interface BertWeightsOptions {
  /** Parsed config.json. */
  readonly config: unknown;
  /** What messages call the config and the checkpoint. */
  readonly configLabel?: string;
  readonly label?: string;
  /**
   * For each token id of the vocabulary to be used, the row of the checkpoint's table, or undefined for a token it does not know, which
   * begins at random. By default the checkpoint's own rows.
   */
  readonly rows?: readonly (number | undefined)[];
  /** Start values (rows, width) of tokens that the checkpoint does not know; needed where `rows` has such. */
  readonly start?: Float32Array;
}

const anchor = 'embeddings.word_embeddings.weight';
const modelTypes = ['bert', 'cxr-bert'];

/** Sizes of a BERT's config.json. Throws a WeightsError that names the field. */
function readBertConfig(fields: ConfigFields): BertConfig {
  const type = fields.text('model_type', 'bert');
  if (!modelTypes.includes(type)) fields.refuse('model_type', `is "${type}"; this loads ${modelTypes.join(', ')}`);
  const act = fields.text('hidden_act', 'gelu');
  if (act !== 'gelu') fields.refuse('hidden_act', `is "${act}"; this loads gelu`);
  const positions = fields.text('position_embedding_type', 'absolute');
  if (positions !== 'absolute') fields.refuse('position_embedding_type', `is "${positions}"; this loads absolute`);
  for (const key of ['is_decoder', 'add_cross_attention']) if (fields.flag(key, false)) fields.refuse(key, 'is true; this loads encoders');
  const [width, heads] = [fields.count('hidden_size'), fields.count('num_attention_heads')];
  if (width % heads !== 0) fields.refuse('num_attention_heads', `is ${heads}, which does not divide the width ${width}`);
  const epsilon = fields.positive('layer_norm_eps', 1e-12);
  return {
    vocabularySize: fields.count('vocab_size'),
    width,
    depth: fields.count('num_hidden_layers'),
    heads,
    ffn: fields.count('intermediate_size'),
    positions: fields.count('max_position_embeddings'),
    types: fields.count('type_vocab_size', 2),
    ...(epsilon === 1e-12 ? {} : { epsilon }),
  };
}

/**
 * Refuses what has BERT's tensors and another computation where no "model_type" says so: RoBERTa and its kin count positions from the padding
 * token's id on, which is not BERT's 0; other names are told by "architectures" or by the prefix of the tensors.
 */
function refuseKin(fields: ConfigFields, json: unknown, prefix: string): void {
  if (fields.has('model_type')) return;
  const { architectures, pad_token_id: padding } = json as { architectures?: unknown; pad_token_id?: unknown };
  const name = Array.isArray(architectures) ? architectures.find((each) => typeof each === 'string' && !/^(?:CXR)?Bert/.test(each)) : undefined;
  const kin = /(?:^|\.)(roberta|xlm_roberta|camembert|electra|longformer|layoutlm|mpnet|esm)\.$/.exec(prefix)?.[1];
  const sign =
    name !== undefined
      ? `its "architectures" has ${JSON.stringify(name)}`
      : kin !== undefined
        ? `its tensors are called "${prefix}"`
        : padding !== undefined && padding !== null && padding !== 0
          ? `its padding token is ${JSON.stringify(padding).slice(0, 40)}, not 0 as BERT's`
          : undefined;
  if (sign !== undefined) fields.refuse('model_type', `is missing, and ${sign}; write which model it is (this loads ${modelTypes.join(', ')})`);
}

/** Each field that a tensor states too must agree with it. */
function checkSizes(fields: ConfigFields, config: BertConfig, shapeOf: (name: string) => readonly number[], depth: number): void {
  const says = (key: string, value: number, found: number | undefined) => {
    if (value !== found) fields.refuse(key, `is ${value}, the tensors say ${found}; the config is of another checkpoint`);
  };
  const [rows, width] = shapeOf('embeddings.word_embeddings.weight');
  says('vocab_size', config.vocabularySize, rows);
  says('hidden_size', config.width, width);
  says('num_hidden_layers', config.depth, depth);
  says('max_position_embeddings', config.positions, shapeOf('embeddings.position_embeddings.weight')[0]);
  says('type_vocab_size', config.types ?? 2, shapeOf('embeddings.token_type_embeddings.weight')[0]);
  says('intermediate_size', config.ffn, shapeOf('encoder.layer.0.intermediate.dense.weight')[0]);
}

const modern = (name: string): string => name.replace(/LayerNorm\.gamma$/, 'LayerNorm.weight').replace(/LayerNorm\.beta$/, 'LayerNorm.bias');

const layerTensor =
  /^encoder\.layer\.(\d+)\.(?:attention\.self\.(?:query|key|value)|attention\.output\.(?:dense|LayerNorm)|intermediate\.dense|output\.(?:dense|LayerNorm))\.(?:weight|bias)$/;
const embeddingTensor = /^embeddings\.(?:(?:word|position|token_type)_embeddings\.weight|LayerNorm\.(?:weight|bias))$/;
// Kept by older versions; not a parameter.
const buffers = /^embeddings\.(?:position_ids|token_type_ids)$/;

/**
 * Recognizes a BERT under any prefix (`bert.`, `module.`, none), with `gamma` and `beta` as older files name them. Returns our
 * configuration and recipes for `loadWeights`. Throws a WeightsError where there is none or one that computes something else.
 */
export function bertWeights(
  shapes: TensorShapes,
  { config: json, configLabel = 'config.json', label = 'checkpoint', rows, start }: BertWeightsOptions,
): { config: BertConfig; recipes: Recipes } {
  const fields = configFields(json, configLabel);
  const stated = readBertConfig(fields);
  const prefixes = Object.keys(shapes).flatMap((name) => {
    const prefix = name.slice(0, -anchor.length);
    return name === prefix + anchor && (prefix === '' || prefix.endsWith('.')) ? [prefix] : [];
  });
  if (prefixes.length !== 1)
    throw new WeightsError(
      prefixes.length === 0
        ? `${label}: holds no BERT (no tensor "${anchor}", with or without a prefix)`
        : `${label}: holds ${prefixes.length} BERTs, under ${prefixes.map((prefix) => `"${prefix}"`).join(', ')}; save the one you want alone`,
    );
  const prefix = prefixes[0]!;
  refuseKin(fields, json, prefix);
  const recipes: Record<string, Recipe> = {};
  const layers = new Set<number>();
  for (const name of Object.keys(shapes)) {
    if (!name.startsWith(prefix)) continue;
    const own = modern(name.slice(prefix.length));
    const layer = layerTensor.exec(own);
    if (layer) layers.add(Number(layer[1]));
    if (layer || embeddingTensor.test(own)) {
      if (recipes[own]) throw new WeightsError(`${label}: "${recipes[own].from[0]}" and "${name}" are one parameter; keep one of them`);
      recipes[own] = { from: [name] };
    } else if (/^(?:embeddings|encoder)\./.test(own) && !buffers.test(own))
      throw new WeightsError(`${label}: tensor "${name}" is of no BERT that this loads; the network computes something else than ours would`);
  }
  const shapeOf = (name: string): readonly number[] => {
    const tensor = recipes[name]?.from[0];
    if (tensor === undefined) throw new WeightsError(`${label}: has no tensor for ${name}; the checkpoint is cut short or of another architecture`);
    return shapes[tensor]!;
  };
  checkSizes(fields, stated, shapeOf, layers.size);
  const config = rows ? { ...stated, vocabularySize: rows.length } : stated;
  if (rows) recipes[anchor] = rowRecipe(recipes[anchor]!.from[0]!, { rows, known: stated.vocabularySize, width: stated.width, start });
  return { config, recipes };
}

interface RowOptions {
  readonly rows: readonly (number | undefined)[];
  readonly known: number;
  readonly width: number;
  readonly start: Float32Array | undefined;
}

/** The table of another vocabulary: rows of known tokens, start values for the others. */
function rowRecipe(tensor: string, { rows, known, width, start }: RowOptions): Recipe {
  const isKnown = (row: number | undefined): row is number => row !== undefined && row < known;
  if (rows.length === known && rows.every((row, id) => row === id)) return { from: [tensor] };
  const count = rows.filter(isKnown).length;
  if (count < rows.length && !start) throw new WeightsError(`bertWeights: ${rows.length - count} tokens are new to the checkpoint; give their start values`);
  return {
    from: [tensor],
    note: `rows of ${count} of ${rows.length} tokens`,
    convert(values) {
      const table = start ? start.slice() : new Float32Array(rows.length * width);
      rows.forEach((row, id) => {
        if (isKnown(row)) table.set(values.subarray(row * width, (row + 1) * width), id * width);
      });
      return table;
    },
  };
}
