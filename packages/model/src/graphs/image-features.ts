// The graphs behind features: an image once through its encoder gives both its vectors.
import { normalize, rootScope } from '@hybridmed/nn';
import type { Graph } from '@hybridmed/tensor';
import { trace } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { batchSpecs } from './batch.ts';
import { parameterSpecs } from './parameter-specs.ts';

/** image (B, C, H, W) -> `global` (B, Dv), the encoder's own vector, and `embedding` (B, d), the unit vector of the common space. */
export function imageFeatureGraph(model: Model): Graph {
  return trace({ data: { image: batchSpecs(model).image }, state: parameterSpecs(model, ['vision.', 'align.']) }, ({ image }, state) => {
    const scope = rootScope(state);
    const features = model.vision.call(scope.child('vision'), image!);
    return { results: { global: features.global, embedding: normalize(model.align.projectImage(scope.child('align'), features)) } };
  });
}
