// What a checkpoint's config says that its tensors do not: heads, activation, epsilon, pooling. What both say must agree.
import type { ConfigFields } from '@hybridmed/nn/weights';
import { configFields } from '@hybridmed/nn/weights';
import type { Mlp } from './mlp.ts';
import type { Resampling } from './resample-positions.ts';
import type { StatedByConfig, TensorFacts, TensorSizes } from './stated.ts';
import { agree, headsOf } from './stated.ts';
import { fromTimm } from './stated-timm.ts';
import type { Library } from './tensor-names.ts';

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
    assumed: [],
  };
}

// Fields of a vision_cfg whose effect the tensors show, or that have none on features, or that are read here.
const towerFields = new Set(
  (
    'width layers heads head_width mlp_ratio patch_size image_size ls_init_value patch_dropout attentional_pool attn_pooler_queries attn_pooler_heads no_ln_pre ' +
    'pos_embed_type final_ln_after_pool pool_type output_tokens global_average_pool quick_gelu'
  ).split(' '),
);

/** An open_clip_config.json, or one of a user's own hand with `quick_gelu`. */
function fromOpenClip(fields: ConfigFields, sizes: TensorSizes): StatedByConfig {
  const model = fields.has('model_cfg') ? fields.inner('model_cfg') : fields;
  if (!model.has('vision_cfg') && !model.has('quick_gelu'))
    model.refuse(
      'quick_gelu',
      'is missing, and the tensors do not tell the activation of a CLIP; write {"quick_gelu": true} for QuickGELU, as OpenAI\'s have, or false for GELU',
    );
  const tower = model.inner('vision_cfg');
  const unknown = tower.keys().find((key) => !towerFields.has(key) && !key.startsWith('timm_'));
  if (unknown !== undefined) tower.refuse(unknown, 'changes what the network computes in a way that this does not; load a checkpoint without it');
  agree(tower, 'width', sizes.width);
  agree(tower, 'layers', sizes.depth);
  agree(tower, 'patch_size', sizes.patch);
  // open_clip's heads are 64 wide unless its config says otherwise.
  const said = model.has('vision_cfg');
  const usual = sizes.width / (said ? tower.count('head_width', 64) : 64);
  if (said && !tower.has('heads') && !Number.isInteger(usual))
    tower.refuse('head_width', `is ${tower.count('head_width', 64)}, which does not divide the width ${sizes.width}`);
  const own = said ? tower : model;
  const known = said || [512, 640, 768, 1024].includes(sizes.width) ? usual : undefined;
  const mean = tower.flag('global_average_pool', false) || tower.text('pool_type', 'tok') === 'avg';
  if (!mean && tower.text('pool_type', 'tok') !== 'tok') tower.refuse('pool_type', `is "${tower.text('pool_type')}"; this loads tok and avg`);
  const after = tower.flag('final_ln_after_pool', false);
  if (after && !mean) tower.refuse('final_ln_after_pool', 'is true with a class token; this loads it with mean pooling only');
  const heads = headsOf(own, ['heads'], sizes.width, known);
  return {
    heads,
    activation: model.flag('quick_gelu', false) ? 'quickGelu' : 'gelu',
    epsilon: 1e-5,
    pool: mean ? (after ? 'meanNormed' : 'mean') : undefined,
    resampling: 'antialias',
    assumed: said || own.has('heads') ? [] : [`${heads} heads, as is usual of a CLIP of width ${sizes.width} (no "vision_cfg" and no "heads" in a config)`],
  };
}

/** Reads what the tensors do not tell. Throws a WeightsError that names the field. */
export function readStated(json: unknown, label: string, library: Library, sizes: TensorSizes, tensors: TensorFacts): StatedByConfig {
  const fields = configFields(json ?? {}, label);
  const wrapped = library === 'timm' && fields.has('model_type') && fields.text('model_type') === 'timm_wrapper';
  if (library === 'transformers' || (fields.has('model_type') && !wrapped)) return fromTransformers(fields, sizes);
  return library === 'clip' ? fromOpenClip(fields, sizes) : fromTimm(fields, { ...sizes, library, tensors });
}
