// Names of vision transformers: what each library calls a tensor, in timm's words. One table serves them all, since no two disagree.

/** Where a tensor belongs: a parameter of ours, and which part of it where the library stores query, key and value separately. */
export interface Place {
  readonly parameter: string;
  readonly part: number;
}

// The patch projection is what every vision transformer has: its name tells the library, and what comes before it is the prefix.
const anchors: readonly (readonly [library: Library, suffix: string, companion?: string])[] = [
  ['transformers', 'embeddings.patch_embeddings.projection.weight'],
  ['timm', 'patch_embed.proj.weight'],
  ['torchvision', 'conv_proj.weight'],
  ['clip', 'embeddings.patch_embedding.weight', 'embeddings.class_embedding'],
  ['clip', 'conv1.weight', 'class_embedding'],
];

/** Whose names a checkpoint has. `clip` is open_clip's and Hugging Face's CLIP. */
export type Library = 'transformers' | 'timm' | 'torchvision' | 'clip';

/** Every vision transformer among the names: its library and the prefix of its tensors. */
export function findTransformers(names: readonly string[]): { library: Library; prefix: string }[] {
  const known = new Set(names);
  return anchors.flatMap(([library, suffix, companion]) =>
    names.flatMap((name) => {
      const prefix = name.slice(0, -suffix.length);
      const whole = name === prefix + suffix && (prefix === '' || prefix.endsWith('.'));
      return whole && (companion === undefined || known.has(prefix + companion)) ? [{ library, prefix }] : [];
    }),
  );
}

const place = (parameter: string, part = 0): Place => ({ parameter, part });

const roots: Readonly<Record<string, string>> = {
  'embeddings.cls_token': 'cls_token',
  cls_token: 'cls_token',
  class_token: 'cls_token',
  class_embedding: 'cls_token',
  'embeddings.class_embedding': 'cls_token',
  'embeddings.position_embeddings': 'pos_embed',
  pos_embed: 'pos_embed',
  'encoder.pos_embedding': 'pos_embed',
  positional_embedding: 'pos_embed',
  'embeddings.position_embedding.weight': 'pos_embed',
  'embeddings.register_tokens': 'reg_token',
  register_tokens: 'reg_token',
  reg_token: 'reg_token',
  'embeddings.distillation_token': 'dist_token',
  dist_token: 'dist_token',
  'attn_pool.latent': 'attn_pool.latent',
};

// A module's name, then .weight or .bias.
const rootModules: Readonly<Record<string, string>> = {
  'embeddings.patch_embeddings.projection': 'patch_embed.proj',
  'patch_embed.proj': 'patch_embed.proj',
  conv_proj: 'patch_embed.proj',
  conv1: 'patch_embed.proj',
  'embeddings.patch_embedding': 'patch_embed.proj',
  norm_pre: 'norm_pre',
  ln_pre: 'norm_pre',
  pre_layrnorm: 'norm_pre',
  norm: 'norm',
  layernorm: 'norm',
  'encoder.ln': 'norm',
  ln_post: 'norm',
  post_layernorm: 'norm',
  fc_norm: 'fc_norm',
  'attn_pool.q': 'attn_pool.q',
  'attn_pool.kv': 'attn_pool.kv',
  'attn_pool.proj': 'attn_pool.proj',
  'attn_pool.norm': 'attn_pool.norm',
  'attn_pool.mlp.fc1': 'attn_pool.mlp.fc1',
  'attn_pool.mlp.fc2': 'attn_pool.mlp.fc2',
};

const blockModules: Readonly<Record<string, readonly [name: string, part?: number]>> = {
  norm1: ['norm1'],
  layernorm_before: ['norm1'],
  ln_1: ['norm1'],
  layer_norm1: ['norm1'],
  norm2: ['norm2'],
  layernorm_after: ['norm2'],
  ln_2: ['norm2'],
  layer_norm2: ['norm2'],
  'attn.qkv': ['attn.qkv'],
  'attention.attention.query': ['attn.qkv', 0],
  'attention.attention.key': ['attn.qkv', 1],
  'attention.attention.value': ['attn.qkv', 2],
  'attention.q_proj': ['attn.qkv', 0],
  'attention.k_proj': ['attn.qkv', 1],
  'attention.v_proj': ['attn.qkv', 2],
  'self_attn.q_proj': ['attn.qkv', 0],
  'self_attn.k_proj': ['attn.qkv', 1],
  'self_attn.v_proj': ['attn.qkv', 2],
  'attn.proj': ['attn.proj'],
  'attention.output.dense': ['attn.proj'],
  'attention.o_proj': ['attn.proj'],
  'self_attention.out_proj': ['attn.proj'],
  'self_attn.out_proj': ['attn.proj'],
  'attn.out_proj': ['attn.proj'],
  'mlp.fc1': ['mlp.fc1'],
  'mlp.0': ['mlp.fc1'],
  'mlp.linear_1': ['mlp.fc1'],
  'mlp.c_fc': ['mlp.fc1'],
  'mlp.w12': ['mlp.fc1'],
  'mlp.weights_in': ['mlp.fc1'],
  'mlp.gate_proj': ['mlp.fc1', 0],
  'mlp.up_proj': ['mlp.fc1', 1],
  'intermediate.dense': ['mlp.fc1'],
  'mlp.fc2': ['mlp.fc2'],
  'mlp.3': ['mlp.fc2'],
  'mlp.linear_2': ['mlp.fc2'],
  'mlp.c_proj': ['mlp.fc2'],
  'mlp.w3': ['mlp.fc2'],
  'mlp.weights_out': ['mlp.fc2'],
  'mlp.down_proj': ['mlp.fc2'],
  'output.dense': ['mlp.fc2'],
};

const blockTensors: Readonly<Record<string, string>> = {
  'ls1.gamma': 'ls1.gamma',
  'ls2.gamma': 'ls2.gamma',
  'ls_1.gamma': 'ls1.gamma',
  'ls_2.gamma': 'ls2.gamma',
  'layer_scale1.lambda1': 'ls1.gamma',
  'layer_scale2.lambda1': 'ls2.gamma',
  'self_attention.in_proj_weight': 'attn.qkv.weight',
  'self_attention.in_proj_bias': 'attn.qkv.bias',
  'attn.in_proj_weight': 'attn.qkv.weight',
  'attn.in_proj_bias': 'attn.qkv.bias',
};

const block = /^(?:encoder\.layers?|layers|blocks|transformer\.resblocks)\.(?:encoder_layer_)?(\d+)\.(.+)$/;

const own = <T>(table: Readonly<Record<string, T>>, key: string): T | undefined => (Object.hasOwn(table, key) ? table[key] : undefined);

/** Where a tensor of a vision transformer belongs; undefined for one that an encoder has no use for (heads, poolers, mask tokens). */
export function placeOf(name: string): Place | 'unknown' | undefined {
  const [, index, inner] = block.exec(name) ?? [];
  const [, module, leaf] = /^(.+)\.(weight|bias)$/.exec(inner ?? name) ?? [];
  if (index !== undefined) {
    const tensor = own(blockTensors, inner!);
    if (tensor) return place(`blocks.${index}.${tensor}`);
    const [target, part] = (module === undefined ? undefined : own(blockModules, module)) ?? [];
    // A tensor inside a block that no block of ours has: the network computes something else.
    return target ? place(`blocks.${index}.${target}.${leaf}`, part) : 'unknown';
  }
  const root = own(roots, name);
  if (root) return place(root);
  const target = module === undefined ? undefined : own(rootModules, module);
  if (target) return place(`${target}.${leaf}`);
  return /^(?:attn_pool|attnpool|patch_embed|rel_pos|rope)/.test(name) ? 'unknown' : undefined;
}
