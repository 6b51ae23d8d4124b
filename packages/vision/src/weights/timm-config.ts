// A config.json of timm, or of one's own hand in its words: the architecture's name, the arguments it was made with, and how it is pooled; and the
// one that we write.
import type { ConfigFields } from '@hybridmed/nn/weights';
import type { PublishedForm } from '../encoder-row.ts';

/** What a config says of an architecture. */
export interface TimmConfig {
  readonly name: string | undefined;
  readonly args: ConfigFields;
  readonly pooling: string | undefined;
}

// Arguments that have no effect on features, whatever the architecture.
const harmless = 'in_chans num_classes global_pool drop_rate drop_path_rate zero_init_last weight_init fix_init'.split(' ');

/**
 * The levels of a config of timm, of one that transformers wraps around it, or of an open_clip_config.json that names timm's tower.
 * `shown` are arguments whose effect the tensors show, or that have none; any other is refused, as it changes what the network computes.
 */
export function readTimmConfig(fields: ConfigFields, shown: string, poolings: readonly string[] = ['token', 'avg']): TimmConfig {
  const args = fields.inner('model_args');
  const cfg = fields.inner('pretrained_cfg');
  const tower = (fields.has('model_cfg') ? fields.inner('model_cfg') : fields).inner('vision_cfg');
  const named = fields.has('architecture') ? fields : cfg;
  const name = named.has('architecture') ? named.text('architecture') : tower.has('timm_model_name') ? tower.text('timm_model_name') : undefined;
  const known = new Set([...harmless, ...shown.split(' ')]);
  const unknown = args.keys().find((key) => !known.has(key));
  if (unknown !== undefined) args.refuse(unknown, 'changes what the network computes in a way that this does not; load a checkpoint without it');
  const level = [args, fields, cfg].find((each) => each.has('global_pool'));
  const pooling = level?.text('global_pool') ?? (tower.text('timm_pool', '') || undefined);
  if (pooling !== undefined && pooling !== '' && !poolings.includes(pooling))
    (level ?? tower).refuse(level ? 'global_pool' : 'timm_pool', `is "${pooling}"; this loads ${poolings.join(' and ')}`);
  return { name, args, pooling };
}

/** Why a name that is in no table of ours is refused; `plain` is one that is. */
export const unknownName = (name: string, plain: string): string =>
  `is ${JSON.stringify(name.slice(0, 80))}, which is not one that this loads: its norms, activation, attention or pooling may differ where tensors do not show it; ` +
  `if it computes what a plain one does, name that, such as ${plain}`;

/** Images as a config states them: channels of the first layer, side, and normalization. */
export interface ConfigImages {
  readonly channels: number;
  readonly imageSize: number;
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
}

/** The normalization that encoders of ours have by themselves, by channel: images in [-1, 1]. */
const half = (channels: number): readonly number[] => Array<number>(channels).fill(0.5);

/** timm's pretrained_cfg. */
export const pretrainedConfig = ({ channels, imageSize, mean = half(channels), std = half(channels) }: ConfigImages): object => ({
  num_classes: 0,
  input_size: [channels, imageSize, imageSize],
  mean,
  std,
  crop_pct: 1,
});

/** Lines of Python that read what `timmForm` and the tensors make. */
const timmUsage = `import timm
model = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
features = model.forward_features(images)`;

/** An encoder for timm, with the config.json that its `local-dir:` and the hub read; `more` are fields for this package, which timm ignores. */
export const timmForm = (
  architecture: string,
  args: Readonly<Record<string, unknown>>,
  images: ConfigImages,
  more: Readonly<Record<string, unknown>> = {},
): Pick<PublishedForm, 'library' | 'usage' | 'config'> => ({
  library: 'timm',
  usage: timmUsage,
  config: {
    architecture,
    num_classes: 0,
    ...more,
    model_args: { ...args, num_classes: 0 },
    pretrained_cfg: { architecture, ...pretrainedConfig(images) },
  },
});
