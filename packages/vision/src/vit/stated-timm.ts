// What a config of timm says that tensors do not: by the name of the architecture, else by its fields, else by convention, which is said.
import type { ConfigFields } from '@hybridmed/nn/weights';
import type { PlainTransformer } from './architectures.ts';
import { plainTransformer } from './architectures.ts';
import type { StatedByConfig, TensorFacts } from './stated.ts';
import { agree, headsOf } from './stated.ts';
import type { Library } from './tensor-names.ts';
import { readTimmConfig, unknownName } from '../weights/timm-config.ts';

const activations: Readonly<Record<string, PlainTransformer['activation']>> = { gelu: 'gelu', quick_gelu: 'quickGelu', gelu_tanh: 'geluTanh' };

// Arguments whose effect the tensors show, or that have none on features. Any other changes the computation.
const shown =
  'embed_dim depth num_heads patch_size img_size mlp_ratio qkv_bias qk_norm proj_bias init_values class_token reg_tokens no_embed_class ' +
  'pre_norm fc_norm act_layer dynamic_img_size dynamic_img_pad strict_img_size pos_drop_rate patch_drop_rate proj_drop_rate attn_drop_rate';

// Those of the table whose MLP is a SwiGLU.
const gatedNames = /giant_patch14_(?:reg\d_)?(?:dinov2|tipsv2)/;

/** Heads of a width that published encoders of a library share; undefined where they do not. Of 1536 those with gates are DINOv2's giant and its kin. */
function conventionalHeads(width: number, library: Library, gated: boolean): number | undefined {
  if ([192, 384, 512, 640, 768, 1024].includes(width) || (gated && width === 1536)) return width / 64;
  return library === 'torchvision' && width === 1280 ? 16 : undefined;
}

/** Without an architecture: what fields say, what is convention, and a refusal where there is none. */
function withoutName(fields: ConfigFields, args: ConfigFields, pooling: string | undefined, { width, library, tensors }: TimmTower): StatedByConfig {
  const assumed: string[] = [];
  const own = args.has('num_heads') ? args : fields;
  const said = own.has('num_heads') || own.has('num_attention_heads');
  const heads = headsOf(own, ['num_heads', 'num_attention_heads'], width, conventionalHeads(width, library, tensors.gated));
  if (!said) assumed.push(`${heads} heads, as is usual of a width of ${width} (no "num_heads" and no "architecture" in a config)`);
  if (pooling === undefined && (!tensors.classToken || tensors.distilled))
    fields.refuse(
      'global_pool',
      `is missing, and the tensors do not tell what a network ${tensors.distilled ? 'with a distillation token' : 'without a class token'} computes; give its "architecture", or "avg" or "token" here for one of plain blocks`,
    );
  const activation = activationOf(fields, args, tensors.gated);
  if (activation === undefined && tensors.preNorm)
    fields.refuse(
      'act_layer',
      'is missing, and the tensors do not tell; a norm before the blocks is CLIP\'s, whose activation is "gelu" or "quick_gelu": write which',
    );
  if (activation === undefined && tensors.attentionPool)
    fields.refuse('act_layer', 'is missing, and the tensors do not tell; SigLIP has "gelu", SigLIP 2 in part "gelu_tanh": write which, or the "architecture"');
  if (activation === undefined && library !== 'torchvision')
    assumed.push(`${tensors.gated ? 'SwiGLU' : 'GELU'} in blocks that norm first, as most vision transformers have (no "architecture" in a config)`);
  return { heads, activation: activation ?? 'gelu', epsilon: tensors.preNorm ? 1e-5 : 1e-6, pool: undefined, resampling: 'antialias', assumed };
}

/** The activation that a field names; undefined where none does. Gates (SwiGLU) have SiLU and no other. */
function activationOf(fields: ConfigFields, args: ConfigFields, gated: boolean): PlainTransformer['activation'] | undefined {
  const level = [args, fields].find((each) => each.has('act_layer'));
  if (!level) return undefined;
  const name = level.text('act_layer');
  const known = gated ? ['silu', 'swish'] : Object.keys(activations);
  if (!known.includes(name)) level.refuse('act_layer', `is "${name}"; this loads ${known.join(', ')}${gated ? ' for an MLP with gates' : ''}`);
  return gated ? 'gelu' : activations[name];
}

/** By the architecture's name. */
function byName(
  name: string,
  fields: ConfigFields,
  args: ConfigFields,
  { width, tensors }: TimmTower,
): StatedByConfig & { usualPool: PlainTransformer['pool'] } {
  const plain = plainTransformer(name) ?? fields.refuse('architecture', unknownName(name, '"vit_base_patch16_224" with its own "num_heads" in "model_args"'));
  if (gatedNames.test(name) && !tensors.gated) fields.refuse('architecture', `is "${name}", whose MLP has gates; the tensors have none`);
  const own = args.has('num_heads') ? args : fields;
  if (!own.has('num_heads') && !own.has('num_attention_heads') && !args.has('embed_dim') && plain.width !== width)
    fields.refuse('architecture', `is "${name}" of width ${plain.width}, the tensors say ${width}; the config is of another checkpoint, or lacks "num_heads"`);
  return {
    heads: headsOf(own, ['num_heads', 'num_attention_heads'], width, plain.heads),
    activation: activationOf(fields, args, tensors.gated) ?? plain.activation,
    epsilon: plain.epsilon,
    pool: undefined,
    resampling: 'antialias',
    assumed:
      tensors.gated && !gatedNames.test(name) && !args.has('act_layer') ? [`gates of SiLU in its MLP, which "${name.slice(0, 80)}" has not by itself`] : [],
    usualPool: plain.pool,
  };
}

interface TimmTower {
  readonly width: number;
  readonly depth: number;
  readonly patch: number;
  readonly library: Library;
  readonly tensors: TensorFacts;
}

/** A config.json of timm on the hub, or one of a user's own hand with `num_heads`; torchvision has none. */
export function fromTimm(fields: ConfigFields, tower: TimmTower): StatedByConfig {
  const { width, library, tensors } = tower;
  const { name, args, pooling } = readTimmConfig(fields, shown, ['token', 'avg', 'map']);
  for (const [key, value] of [
    ['embed_dim', width],
    ['depth', tower.depth],
    ['patch_size', tower.patch],
  ] as const)
    agree(args, key, value);
  const { usualPool, ...stated } =
    name === undefined ? { ...withoutName(fields, args, pooling, tower), usualPool: undefined } : byName(name, fields, args, tower);
  const pool = pooling ?? usualPool;
  if (pool === 'token' && !tensors.classToken)
    fields.refuse('global_pool', 'is "token", and the tensors have no class token; the config is of another checkpoint');
  if ((pool === 'map') !== tensors.attentionPool)
    fields.refuse(
      'global_pool',
      `is ${pool === undefined ? 'missing' : `"${pool}"`}, and the tensors have ${tensors.attentionPool ? 'a pooling by attention, "map"' : 'no pooling by attention'}; the config is of another checkpoint`,
    );
  if (pool === 'token' && tensors.pooledNorm) fields.refuse('global_pool', 'is "token" with a norm after pooling ("fc_norm"); this loads that with avg only');
  return {
    ...stated,
    epsilon: fields.positive('layer_norm_eps', stated.epsilon),
    pool: pool === 'avg' ? 'mean' : undefined,
    resampling: library === 'torchvision' ? 'corners' : 'antialias',
  };
}
