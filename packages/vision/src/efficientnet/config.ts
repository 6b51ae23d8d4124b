// The configuration of EfficientNets and their kin, as checkpoints keep it.
import type { Activation } from '@hybridmed/nn/convolution';
import type { ImageInput } from '../image-input.ts';
import type { InvertedResidual } from './inverted-residual.ts';
import type { NamesOf } from './naming.ts';

/** Sizes of an EfficientNet [Tan & Le 2019], a MobileNetV2 or a MobileNetV3 [Howard et al. 2019]: the same blocks, other activations. */
export interface EfficientNetConfig extends ImageInput {
  readonly kind: 'efficientnet';
  /** Whose parameter names it has. */
  readonly names: NamesOf;
  /** What its library calls it. */
  readonly architecture: string;
  /** Channels after the first convolution, 3 x 3 with steps of 2. */
  readonly stem: number;
  readonly stages: readonly (readonly InvertedResidual[])[];
  /** Channels of the 1 x 1 convolution before pooling. */
  readonly head: number;
  readonly activation: Activation;
  /** Stages at the beginning whose blocks have ReLU instead: 0 by default. */
  readonly reluStages?: number;
  /** Squeeze-and-excitation: the activation between its two maps, and its gate; by default that of the blocks, and sigmoid. */
  readonly squeezeActivation?: Activation;
  readonly gate?: 'sigmoid' | 'hardSigmoid';
  /** TensorFlow's padding, or by default the same zeros at every side. */
  readonly padding?: 'same' | 'symmetric';
  /** Of every batch norm: 1e-5 by default. */
  readonly epsilon?: number;
}
