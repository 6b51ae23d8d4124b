// How a published encoder's images are normalized: read from its files, and brought into the first layer where that is exact.
import type { ConfigFields } from '@hybridmed/nn/weights';
import { configFields } from '@hybridmed/nn/weights';

/** Mean and standard deviation of pixels from 0 to 1, one for all channels or one for each, and which field says so. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly source: string;
}

/** Where normalization may stand: fields for mean and deviation, in the file they are in. */
interface Statement {
  readonly fields: ConfigFields;
  readonly mean: string;
  readonly std: string;
  readonly source: string;
}

/** Files of a checkpoint that may say how images are normalized, parsed; undefined where there is none. */
export interface NormalizationFiles {
  readonly config: unknown;
  readonly configLabel: string;
  readonly preprocessor?: unknown;
  readonly preprocessorLabel?: string;
}

const numbersOf = (fields: ConfigFields, key: string, least: number): readonly number[] => {
  const values = fields.numbers(key);
  if (values.some((value) => value <= least || Math.abs(value) > 1e6)) fields.refuse(key, `holds a number outside ${least} to 1e6; copy the file again`);
  return values;
};

function statedBy({ fields, mean, std, source }: Statement): Normalization | undefined {
  if (!fields.has(mean) && !fields.has(std)) return undefined;
  const all = { mean: numbersOf(fields, mean, -1e6), std: numbersOf(fields, std, 0), source };
  if (all.mean.length !== all.std.length) fields.refuse(std, `has ${all.std.length} numbers, "${mean}" has ${all.mean.length}`);
  return all;
}

/** Pixels spread from the first to the second number, as torchxrayvision's from -1024 to 1024. */
function fromRange(fields: ConfigFields, source: string): Normalization | undefined {
  if (!fields.has('input_range')) return undefined;
  const [low, high, ...rest] = numbersOf(fields, 'input_range', -1e6);
  if (high === undefined || rest.length > 0 || low! >= high) return fields.refuse('input_range', 'is no pair of a smaller and a greater number');
  return { mean: [-low! / (high - low!)], std: [1 / (high - low!)], source };
}

/**
 * The normalization that a checkpoint's files state: preprocessor_config.json, timm's pretrained_cfg, open_clip's preprocess_cfg, or "mean",
 * "std" and "input_range" of the config itself. Throws a WeightsError that names a malformed field.
 */
export function readNormalization({ config, configLabel, preprocessor, preprocessorLabel = '' }: NormalizationFiles): Normalization | undefined {
  if (preprocessor !== undefined) {
    const fields = configFields(preprocessor, preprocessorLabel);
    const source = 'preprocessor_config.json';
    if (fields.has('do_normalize') && !fields.flag('do_normalize')) return { mean: [0], std: [1], source };
    const own = statedBy({ fields, mean: 'image_mean', std: 'image_std', source });
    if (own) return own;
  }
  const fields = configFields(config ?? {}, configLabel);
  const inner = (key: string): Normalization | undefined => statedBy({ fields: fields.inner(key), mean: 'mean', std: 'std', source: `"${key}"` });
  return (
    inner('pretrained_cfg') ??
    inner('preprocess_cfg') ??
    statedBy({ fields, mean: 'mean', std: 'std', source: 'config' }) ??
    fromRange(fields, '"input_range"') ??
    fromRange(fields.inner('pretrained_cfg'), '"pretrained_cfg"')
  );
}

/** Whether it leaves images in [-1, 1] as they are. */
export const isIdentity = ({ mean, std }: Normalization): boolean => mean.every((value) => value === 0.5) && std.every((value) => value === 0.5);

const listed = (values: readonly number[]): string => [...new Set(values)].map((value) => Number(value.toPrecision(6))).join(', ');

/** A normalization, and in words with who says so. */
export interface DescribedNormalization extends Omit<Normalization, 'source'> {
  readonly description: string;
}

/** What files state, else what is due without a statement. */
export const described = (stated: Normalization | undefined): DescribedNormalization =>
  stated
    ? {
        mean: stated.mean,
        std: stated.std,
        description: `images normalized by mean ${listed(stated.mean)} and standard deviation ${listed(stated.std)} of pixels from 0 to 1, as ${stated.source} says`,
      }
    : { mean: [0.5], std: [0.5], description: 'images in [-1, 1]: no file of the checkpoint says how they are normalized' };
