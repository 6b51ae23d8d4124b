// What a checkpoint's config says that its tensors do not: heads, activation, epsilon, pooling. What both say must agree.
import type { ConfigFields } from '@hybridmed/nn/weights';
import { configFields } from '@hybridmed/nn/weights';
import type { Mlp } from '../mlp.ts';
import type { Library } from './tensor-names.ts';
import type { Resampling } from './resample-positions.ts';

/** Sizes read off the tensors. */
export interface TensorSizes {
  readonly width: number;
  readonly depth: number;
  readonly patch: number;
  readonly channels: number;
  readonly ffn: number;
}

/** What only a config can tell. */
export interface StatedByConfig {
  readonly heads: number;
  readonly activation: 'gelu' | 'quickGelu';
  readonly epsilon: number;
  readonly pool: 'class' | 'mean' | 'meanNormed' | undefined;
  readonly resampling: Resampling;
}

const transformersTypes: Readonly<Record<string, { epsilon: number; resampling: Resampling }>> = {
  vit: { epsilon: 1e-12, resampling: 'torch' },
  deit: { epsilon: 1e-12, resampling: 'torch' },
  vit_mae: { epsilon: 1e-12, resampling: 'torch' },
  vit_msn: { epsilon: 1e-6, resampling: 'torch' },
  dinov2: { epsilon: 1e-6, resampling: 'torch' },
  dinov2_with_registers: { epsilon: 1e-6, resampling: 'antialias' },
  clip: { epsilon: 1e-5, resampling: 'torch' },
  clip_vision_model: { epsilon: 1e-5, resampling: 'torch' },
};

const activations: Readonly<Record<string, Mlp & ('gelu' | 'quickGelu')>> = { gelu: 'gelu', quick_gelu: 'quickGelu' };

// Published widths whose heads are not 64 wide.
const knownHeads: Readonly<Record<number, number>> = { 1280: 16, 1408: 16, 1664: 16 };

/** Heads of a published width; small widths are nobody's standard. */
const usualHeads = (width: number): number | undefined => knownHeads[width] ?? (width % 64 === 0 && width >= 192 ? width / 64 : undefined);

function agree(fields: ConfigFields, key: string, tensors: number): void {
  if (fields.has(key) && fields.count(key) !== tensors)
    fields.refuse(key, `is ${fields.count(key)}, the tensors say ${tensors}; the config is of another checkpoint`);
}

function headsOf(fields: ConfigFields, keys: readonly string[], width: number, usual: number | undefined): number {
  const key = keys.find((name) => fields.has(name));
  const heads = key === undefined ? usual : fields.count(key);
  if (heads === undefined) return fields.refuse(keys[0]!, `is missing, and the tensors do not tell; add it: the number of attention heads of width ${width}`);
  if (width % heads !== 0) fields.refuse(key ?? keys[0]!, `is ${heads}, which does not divide the width ${width}`);
  return heads;
}

/** A config.json of Hugging Face's transformers. */
function fromTransformers(outer: ConfigFields, sizes: TensorSizes): StatedByConfig {
  const type = outer.text('model_type');
  const keys = Object.hasOwn(transformersTypes, type) ? transformersTypes[type]! : undefined;
  if (!keys) return outer.refuse('model_type', `is "${type}"; this loads ${Object.keys(transformersTypes).join(', ')}`);
  const fields = type === 'clip' ? outer.inner('vision_config') : outer;
  for (const key of ['hidden_size', 'num_hidden_layers', 'num_attention_heads', 'patch_size', 'image_size']) fields.count(key);
  agree(fields, 'hidden_size', sizes.width);
  agree(fields, 'num_hidden_layers', sizes.depth);
  agree(fields, 'patch_size', sizes.patch);
  agree(fields, 'num_channels', sizes.channels);
  if (!type.startsWith('dinov2')) agree(fields, 'intermediate_size', sizes.ffn);
  const act = fields.text('hidden_act', type.startsWith('clip') ? 'quick_gelu' : 'gelu');
  if (!Object.hasOwn(activations, act)) fields.refuse('hidden_act', `is "${act}"; this loads ${Object.keys(activations).join(', ')}`);
  return {
    heads: headsOf(fields, ['num_attention_heads'], sizes.width, undefined),
    activation: activations[act]!,
    epsilon: fields.positive('layer_norm_eps', keys.epsilon),
    pool: undefined,
    resampling: keys.resampling,
  };
}

/** A config.json of timm on the hub, or one of a user's own hand with `num_heads`; torchvision has none. */
function fromTimm(fields: ConfigFields, sizes: TensorSizes, hasPreNorm: boolean, library: Library): StatedByConfig {
  const args = fields.inner('model_args');
  for (const [key, value] of [
    ['embed_dim', sizes.width],
    ['depth', sizes.depth],
    ['patch_size', sizes.patch],
  ] as const)
    agree(args, key, value);
  const pooling = [args, fields, fields.inner('pretrained_cfg')].find((level) => level.has('global_pool'))?.text('global_pool');
  if (pooling !== undefined && !['token', 'avg', ''].includes(pooling)) fields.refuse('global_pool', `is "${pooling}"; this loads token and avg`);
  const heads = args.has('num_heads') ? args : fields;
  return {
    heads: headsOf(heads, ['num_heads', 'num_attention_heads'], sizes.width, usualHeads(sizes.width)),
    activation: fields.text('architecture', '').includes('quickgelu') ? 'quickGelu' : 'gelu',
    epsilon: fields.positive('layer_norm_eps', hasPreNorm ? 1e-5 : 1e-6),
    pool: pooling === 'avg' ? 'mean' : undefined,
    resampling: library === 'torchvision' ? 'corners' : 'antialias',
  };
}

/** An open_clip_config.json; without one the tower is taken as open_clip makes it by default. */
function fromOpenClip(fields: ConfigFields, sizes: TensorSizes): StatedByConfig {
  const model = fields.has('model_cfg') ? fields.inner('model_cfg') : fields;
  const tower = model.inner('vision_cfg');
  agree(tower, 'width', sizes.width);
  agree(tower, 'layers', sizes.depth);
  agree(tower, 'patch_size', sizes.patch);
  const usual = tower.has('head_width') ? sizes.width / tower.count('head_width') : usualHeads(sizes.width);
  if (usual !== undefined && !Number.isInteger(usual))
    tower.refuse('head_width', `is ${tower.count('head_width')}, which does not divide the width ${sizes.width}`);
  const mean = tower.flag('global_average_pool', false) || tower.text('pool_type', 'tok') === 'avg';
  const after = tower.flag('final_ln_after_pool', false);
  if (after && !mean) tower.refuse('final_ln_after_pool', 'is true with a class token; this loads it with mean pooling only');
  return {
    heads: headsOf(tower, ['heads'], sizes.width, usual),
    activation: model.flag('quick_gelu', false) ? 'quickGelu' : 'gelu',
    epsilon: 1e-5,
    pool: mean ? (after ? 'meanNormed' : 'mean') : undefined,
    resampling: 'antialias',
  };
}

/** Reads what the tensors do not tell. Throws a WeightsError that names the field. */
export function readStated(json: unknown, label: string, library: Library, sizes: TensorSizes, hasPreNorm: boolean): StatedByConfig {
  const fields = configFields(json ?? {}, label);
  if (library === 'transformers' || fields.has('model_type')) return fromTransformers(fields, sizes);
  return library === 'clip' ? fromOpenClip(fields, sizes) : fromTimm(fields, sizes, hasPreNorm, library);
}
