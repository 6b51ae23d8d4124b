// What each library calls the parts of an EfficientNet.
import type { InvertedResidual } from './inverted-residual.ts';

/** Names of a block's convolutions and norms. */
export interface BlockNames {
  readonly expand: string;
  readonly expandNorm: string;
  readonly depthwise: string;
  readonly depthwiseNorm: string;
  readonly reduce: string;
  readonly grow: string;
  readonly project: string;
  readonly projectNorm: string;
}

/** Where a block stands: its stage and its number there, and its number among all. */
export interface BlockPlace {
  readonly stage: number;
  readonly index: number;
  readonly all: number;
}

/** One library's names. */
export interface Naming {
  readonly stem: string;
  readonly stemNorm: string;
  /** A name beside the stem that tells this naming from others that begin alike. */
  readonly mark: RegExp;
  readonly block: (place: BlockPlace) => string;
  readonly parts: (block: Pick<InvertedResidual, 'inner' | 'squeeze'>) => BlockNames;
  /** Names of the last convolution and its norm. */
  readonly head: (stages: number) => readonly [convolution: string, norm: string];
  /** Names of tensors that features have no use for. */
  readonly unused: RegExp;
}

const timmParts: Naming['parts'] = ({ inner }) => {
  const squeeze = { reduce: 'se.conv_reduce', grow: 'se.conv_expand' };
  if (inner === undefined)
    return { expand: '', expandNorm: '', depthwise: 'conv_dw', depthwiseNorm: 'bn1', project: 'conv_pw', projectNorm: 'bn2', ...squeeze };
  return { expand: 'conv_pw', expandNorm: 'bn1', depthwise: 'conv_dw', depthwiseNorm: 'bn2', project: 'conv_pwl', projectNorm: 'bn3', ...squeeze };
};

const timm = {
  stem: 'conv_stem',
  stemNorm: 'bn1',
  block: ({ stage, index }: BlockPlace) => `blocks.${stage}.${index}`,
  parts: timmParts,
} as const;

/** Every naming. */
export const namings = {
  timm: { ...timm, mark: /^bn2\.weight$/, head: () => ['conv_head', 'bn2'], unused: /^classifier\./ },
  // The last stage is the head; conv_head comes after pooling.
  timm_mobilenetv3: {
    ...timm,
    mark: /^blocks\.[1-9]\d*\.0\.conv\.weight$/,
    head: (stages) => [`blocks.${stages}.0.conv`, `blocks.${stages}.0.bn1`],
    unused: /^(?:classifier|conv_head|norm_head)\./,
  },
  torchvision: {
    stem: 'features.0.0',
    stemNorm: 'features.0.1',
    mark: /^features\.1\.0\.block\.0\.0\.weight$/,
    block: ({ stage, index }) => `features.${stage + 1}.${index}.block`,
    parts({ inner, squeeze }) {
      const depthwise = inner === undefined ? 0 : 1;
      const project = depthwise + (squeeze === undefined ? 1 : 2);
      return {
        expand: '0.0',
        expandNorm: '0.1',
        depthwise: `${depthwise}.0`,
        depthwiseNorm: `${depthwise}.1`,
        reduce: `${depthwise + 1}.fc1`,
        grow: `${depthwise + 1}.fc2`,
        project: `${project}.0`,
        projectNorm: `${project}.1`,
      };
    },
    head: (stages) => [`features.${stages + 1}.0`, `features.${stages + 1}.1`],
    unused: /^classifier\./,
  },
  efficientnet_lite_pytorch: {
    stem: '_conv_stem',
    stemNorm: '_bn0',
    mark: /^_blocks\.0\._depthwise_conv\.weight$/,
    block: ({ all }) => `_blocks.${all}`,
    parts: () => ({
      expand: '_expand_conv',
      expandNorm: '_bn0',
      depthwise: '_depthwise_conv',
      depthwiseNorm: '_bn1',
      reduce: '_se_reduce',
      grow: '_se_expand',
      project: '_project_conv',
      projectNorm: '_bn2',
    }),
    head: () => ['_conv_head', '_bn1'],
    unused: /^_fc\./,
  },
} as const satisfies Record<string, Naming>;

/** Names of the namings. */
export type NamesOf = keyof typeof namings;
