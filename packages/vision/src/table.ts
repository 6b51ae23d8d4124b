// The table of built-in vision encoders: a row for each kind. Whatever walks over encoders walks over it.
import type { VisionEncoder } from '@hybridmed/nn';
import type { Rule } from '@hybridmed/nn/rules';
import type { EncoderConfig, EncoderRow, PublishedForm, Relation } from './encoder-row.ts';
import { fitsNormalization } from './image-input.ts';
import { densenetRow } from './densenet/row.ts';
import { convnextRow } from './convnext/row.ts';
import { efficientnetRow } from './efficientnet/row.ts';
import { resnetRow } from './resnet/row.ts';
import { vitRow } from './vit/row.ts';

/** Every kind's row. */
export const encoderRows = { vit: vitRow, resnet: resnetRow, densenet: densenetRow, efficientnet: efficientnetRow, convnext: convnextRow } as const;

/** Whose encoders are read, in words for messages. */
export const publishedEncoders: string = Object.values(encoderRows)
  .map(({ published }) => published)
  .join('; ');

/** Kinds of vision encoders. */
export type VisionKind = keyof typeof encoderRows;

/** A vision encoder's configuration, as checkpoints keep it. */
export type VisionConfig = { [K in VisionKind]: (typeof encoderRows)[K] extends EncoderRow<infer C> ? C : never }[VisionKind];

const rowOf = ({ kind }: VisionConfig): EncoderRow<EncoderConfig> => encoderRows[kind] as EncoderRow<EncoderConfig>;

/** Builds the encoder a configuration names. Throws a RangeError for sizes that do not fit each other. */
export const visionEncoder = (config: VisionConfig): VisionEncoder => rowOf(config).build(config);

/** Rules for the fields of each kind's configuration in a file. */
export const visionRules: Readonly<Record<string, Readonly<Record<string, Rule>>>> = Object.fromEntries(
  Object.entries(encoderRows).map(([kind, { rules }]) => [kind, rules]),
);

/** What the fields of a configuration that follows its rules must be to each other. */
export const visionRelations = (config: VisionConfig): readonly Relation[] => [
  ...(rowOf(config).relations?.(config) ?? []),
  ['mean', fitsNormalization(config), 'as long as "std", with a number for each channel'],
];

/** The encoder as its library publishes one. Throws a HybridmedError for one that no library can express. */
export const publishVision = (config: VisionConfig): PublishedForm => rowOf(config).publish(config);
