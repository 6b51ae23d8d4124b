// What the names of EfficientNets, MobileNetV2 and MobileNetV3 tell that tensors do not: steps, activations, padding, epsilon. A name that is not
// here is refused.
import { bareName, expandNames } from '../weights/architecture-names.ts';
import type { EfficientNetConfig } from './config.ts';
import type { NamesOf } from './naming.ts';

/** What a name tells. */
export interface PlainEfficientNet extends Pick<EfficientNetConfig, 'activation' | 'reluStages' | 'squeezeActivation' | 'gate' | 'padding' | 'epsilon'> {
  /** Steps of the first block of each stage; those of the others are 1. */
  readonly strides: readonly number[];
  /** Whether blocks have squeeze-and-excitation; undefined where only some have. */
  readonly squeezes?: boolean;
  /** Blocks of each stage, for names that do not tell stages apart. */
  readonly repeats?: readonly number[];
}

const usual = [1, 2, 2, 2, 1, 2, 1];
const b = { strides: usual, activation: 'silu', squeezes: true } as const;
const lite = { strides: usual, activation: 'relu6', squeezes: false } as const;
const hard = { activation: 'hardSwish', squeezeActivation: 'relu', gate: 'hardSigmoid' } as const;
const large = { strides: [1, 2, 2, 2, 1, 2], ...hard, reluStages: 3 } as const;
const small = { strides: [2, 2, 2, 1, 2], ...hard, reluStages: 2 } as const;
const minimal = { activation: 'relu', squeezes: false } as const;
const tensorflow = { padding: 'same', epsilon: 1e-3 } as const;

type Table = readonly (readonly [names: string, facts: PlainEfficientNet])[];

const byNames: Readonly<Record<NamesOf, Table>> = {
  timm: [
    ['efficientnet_b{0,1,2,3,4,5,6,7,8} efficientnet_l2', b],
    ['efficientnet_b{1,2,3}_pruned', { ...b, ...tensorflow }],
    ['tf_efficientnet_b{0,1,2,3,4,5,6,7,8} tf_efficientnet_l2', { ...b, ...tensorflow }],
    ['efficientnet_lite{0,1,2,3,4} mobilenetv2_{035,050,075,100,110d,120d,140}', lite],
    ['tf_efficientnet_lite{0,1,2,3,4}', { ...lite, ...tensorflow }],
  ],
  timm_mobilenetv3: [
    ['mobilenetv3_large_{075,100}', large],
    ['mobilenetv3_small_{050,075,100}', small],
    ['tf_mobilenetv3_large_{075,100}', { ...large, ...tensorflow }],
    ['tf_mobilenetv3_small_{075,100}', { ...small, ...tensorflow }],
    ['tf_mobilenetv3_large_minimal_100', { strides: large.strides, ...minimal, ...tensorflow }],
    ['tf_mobilenetv3_small_minimal_100', { strides: small.strides, ...minimal, ...tensorflow }],
  ],
  torchvision: [
    ['efficientnet_b{0,1,2,3,4}', b],
    ['efficientnet_b{5,6,7}', { ...b, epsilon: 1e-3 }],
  ],
  efficientnet_lite_pytorch: [
    ['efficientnet-lite0', { ...lite, ...tensorflow, repeats: [1, 2, 2, 3, 3, 4, 1] }],
    ['efficientnet-lite{1,2}', { ...lite, ...tensorflow, repeats: [1, 3, 3, 4, 4, 5, 1] }],
    ['efficientnet-lite3', { ...lite, ...tensorflow, repeats: [1, 3, 3, 5, 5, 6, 1] }],
    ['efficientnet-lite4', { ...lite, ...tensorflow, repeats: [1, 4, 4, 6, 6, 8, 1] }],
  ],
};

const mapOf = (table: Table): ReadonlyMap<string, PlainEfficientNet> =>
  new Map(table.flatMap(([pattern, facts]) => expandNames(pattern).map((name) => [name, facts] as const)));

/** What is known by each library's names. */
export const plainEfficientNets: Readonly<Record<NamesOf, ReadonlyMap<string, PlainEfficientNet>>> = {
  timm: mapOf(byNames.timm),
  timm_mobilenetv3: mapOf(byNames.timm_mobilenetv3),
  torchvision: mapOf(byNames.torchvision),
  efficientnet_lite_pytorch: mapOf(byNames.efficientnet_lite_pytorch),
};

/** What is known by a name; undefined for one that may compute something else. */
export const plainEfficientNet = (names: NamesOf, name: string): PlainEfficientNet | undefined => plainEfficientNets[names].get(bareName(name));
