// The row of ConvNeXts, as timm publishes them.
import { count, flag, line, list, oneOf, optional, positive } from '@hybridmed/nn/rules';
import { configFields } from '@hybridmed/nn/weights';
import type { EncoderRow, PublishedTensors, ReadEncoder } from '../encoder-row.ts';
import { firstChannels, imageRules } from '../image-input.ts';
import { bareName, expandNames } from '../weights/architecture-names.ts';
import { unpaddedFirstLayer } from '../weights/first-layer.ts';
import { imageSizeOf, prefixesOf, recipesOf, tensorsOf } from '../weights/tensors.ts';
import { readTimmConfig, timmForm, unknownName } from '../weights/timm-config.ts';
import type { ConvNeXtConfig } from './convnext.ts';
import { convnext } from './convnext.ts';

/** timm's ConvNeXts that compute what ours do, and the epsilon of their norms. */
export const plainConvNeXts: ReadonlyMap<string, number> = new Map([
  ...expandNames('convnext_{atto,femto,pico,nano,tiny,small,base,large,large_mlp,xlarge}').map((name) => [name, 1e-6] as const),
  ['convnext_xxlarge', 1e-5],
]);

// Arguments whose effect the tensors show, or that have none on features.
const shown = 'depths dims kernel_sizes ls_init_value stem_type patch_size head_init_scale head_hidden_size conv_mlp norm_eps';

function read(checkpoint: PublishedTensors): ReadEncoder<ConvNeXtConfig> {
  const { prefix, config: json, configLabel, label, image, normalization } = checkpoint;
  const { has, shapeOf, fail } = tensorsOf(checkpoint);
  const fields = configFields(json ?? {}, configLabel);
  const { name, args, pooling } = readTimmConfig(fields, shown, ['avg']);
  if (name === undefined)
    return fields.refuse('architecture', 'is missing, and the tensors do not tell norms and activation; write which it is, such as "convnext_tiny"');
  const usual = plainConvNeXts.get(bareName(name)) ?? fields.refuse('architecture', unknownName(name, '"convnext_tiny"'));
  if (pooling === 'token') fields.refuse('global_pool', 'is "token"; a ConvNeXt is pooled by avg');
  if (args.text('stem_type', 'patch') !== 'patch') args.refuse('stem_type', `is "${args.text('stem_type')}"; this loads patch`);
  const epsilon = args.positive('norm_eps', usual);
  const depths: number[] = [];
  while (has(`stages.${depths.length}.blocks.0.conv_dw.weight`)) {
    let depth = 1;
    while (has(`stages.${depths.length}.blocks.${depth}.conv_dw.weight`)) depth++;
    depths.push(depth);
  }
  if (depths.length === 0) fail('has no blocks; the checkpoint is cut short');
  const first = (stage: number, tensor: string): readonly number[] => shapeOf(`stages.${stage}.blocks.0.${tensor}.weight`);
  const widths = depths.map((_, stage) => first(stage, 'conv_dw')[0]!);
  const kernels = new Set(depths.map((_, stage) => first(stage, 'conv_dw')[2]!));
  if (kernels.size > 1) fail(`its stages have depthwise kernels of ${[...kernels].join(', ')}; this loads those of one side`);
  const ffn = depths.map((_, stage) => first(stage, 'mlp.fc1')[0]!);
  const stem = shapeOf('stem.0.weight');
  const [, , patch] = stem as [number, number, number];
  const { channels: wanted = stem[1]! } = image;
  const folded = unpaddedFirstLayer({ tensor: `${prefix}stem.0.weight`, shape: stem, wanted, normalization, label }, `${prefix}stem.0.bias`);
  const [kernel] = [...kernels] as [number];
  const config: ConvNeXtConfig = {
    kind: 'convnext',
    imageSize: image.size ?? imageSizeOf(fields) ?? 224,
    channels: wanted,
    depths,
    widths,
    architecture: bareName(name),
    ...(patch === 4 ? {} : { patch }),
    ...(kernel === 7 ? {} : { kernel }),
    ...(ffn.every((inner, stage) => inner === 4 * widths[stage]!) ? {} : { ffn }),
    ...(first(0, 'mlp.fc1').length === 4 ? { convolutionalMlp: true } : {}),
    ...(has('stages.0.blocks.0.gamma') ? {} : { layerScale: false }),
    ...(epsilon === 1e-6 ? {} : { epsilon }),
  };
  // The head's norm comes after pooling.
  const recipes = { ...recipesOf(checkpoint, convnext(config).parameters, /^head\./), 'stem.0.weight': folded.weight, 'stem.0.bias': folded.bias };
  return { config, recipes, assumed: [] };
}

/** ConvNeXt under timm's names. */
export const convnextRow: EncoderRow<ConvNeXtConfig> = {
  published: 'ConvNeXts of timm',
  rules: {
    kind: oneOf('convnext'),
    ...imageRules,
    depths: list(count(256), 8, 1),
    widths: list(count(16_384), 8, 1),
    architecture: optional(line(80)),
    patch: optional(count(1024)),
    kernel: optional(count(64)),
    ffn: optional(list(count(2 ** 17), 8, 1)),
    convolutionalMlp: optional(flag),
    layerScale: optional(flag),
    epsilon: optional(positive(1)),
  },
  relations: ({ depths, widths, ffn, kernel = 7 }) => [
    ['widths', widths.length === depths.length, 'as long as "depths"'],
    ['ffn', ffn === undefined || ffn.length === depths.length, 'as long as "depths"'],
    ['kernel', kernel % 2 === 1, 'odd'],
  ],
  build: convnext,
  find: (names) => prefixesOf(names, 'stem.0.weight', /^stages\.0\.blocks\.0\.conv_dw\.weight$/),
  read,
  publish(config) {
    const { depths, widths, architecture = 'convnext_tiny', patch = 4, kernel = 7, convolutionalMlp = false, layerScale = true, epsilon = 1e-6 } = config;
    const channels = firstChannels(config);
    const args = {
      in_chans: channels,
      depths,
      dims: widths,
      patch_size: patch,
      kernel_sizes: kernel,
      conv_mlp: convolutionalMlp,
      ls_init_value: layerScale ? 1e-6 : null,
      norm_eps: epsilon,
    };
    return { ...timmForm(architecture, args, { ...config, channels }), extra: {} };
  },
};
