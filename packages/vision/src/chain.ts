// Encoders that are chains of layers.
import type { Scope, VisionChain, VisionFeatures } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';

/** What a chain makes of images: its layers one after another, then its features. */
export const callChain =
  ({ layers, features }: VisionChain) =>
  (scope: Scope, image: Tensor): VisionFeatures =>
    features(
      scope,
      layers.reduce((h, layer) => layer.call(scope, h), image),
    );
