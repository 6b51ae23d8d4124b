// Standardization of frozen encoders' features before their projections: two vectors beside a projection while that is trained, a part of its weight and bias once it is saved.
import type { ParameterSpec, ParameterSpecs, Scope } from '@hybridmed/nn';
import type { HostArray, HostArrays, Tensor } from '@hybridmed/tensor';
import { HybridmedError, ops } from '@hybridmed/tensor';

const [meanEnd, scaleEnd] = ['.standard.mean', '.standard.scale'];

const isStandard = (name: string): boolean => name.endsWith(meanEnd) || name.endsWith(scaleEnd);

/** Features x (..., width) as (x - mean) scale, in the scope of a projection that has these; as they are in one that has none. */
export function standardized(scope: Scope, x: Tensor): Tensor {
  const [mean, scale] = [scope.find(meanEnd.slice(1)), scope.find(scaleEnd.slice(1))];
  return mean && scale ? ops.mul(ops.sub(x, mean), scale) : x;
}

/** The linear layer that reads a projection's features: the projection itself, or the first of its two. Throws a HybridmedError where there is none. */
function firstLayer(projection: string, of: Readonly<Record<string, unknown>>): string {
  const layer = [projection, `${projection}.fc1`].find((name) => of[`${name}.weight`]);
  if (layer === undefined) throw new HybridmedError(`standardization: "${projection}" is no projection of the model`);
  return layer;
}

/** The specs with `PROJECTION.standard.mean` and `.standard.scale` (width), which nothing trains, beside each of some projections. */
export function addStandardization(specs: ParameterSpecs, projections: readonly string[]): ParameterSpecs {
  const all: Record<string, ParameterSpec> = { ...specs };
  for (const projection of projections) {
    const shape = [specs[`${firstLayer(projection, specs)}.weight`]!.shape[1]!];
    all[projection + meanEnd] = { shape, init: { kind: 'constant', value: 0 }, buffer: true };
    all[projection + scaleEnd] = { shape, init: { kind: 'constant', value: 1 }, buffer: true };
  }
  return all;
}

/** What has to be kept as it is to go on training after a fold: means and scales, and the weights and biases that they are folded into. */
export function standardizationState(specs: ParameterSpecs): string[] {
  const projections = Object.keys(specs).flatMap((name) => (name.endsWith(meanEnd) ? [name.slice(0, -meanEnd.length)] : []));
  return projections.flatMap((projection) => {
    const layer = firstLayer(projection, specs);
    return [projection + meanEnd, projection + scaleEnd, `${layer}.weight`, `${layer}.bias`];
  });
}

/**
 * Parameters with every standardization folded into the layer that reads it: W' = W diag(scale), b' = b - W' mean. Others are passed on, not
 * copied. Throws a HybridmedError for a layer without a bias.
 */
export function foldStandardization(parameters: HostArrays): Record<string, HostArray> {
  const folded = Object.fromEntries(Object.entries(parameters).filter(([name]) => !isStandard(name)));
  for (const [name, mean] of Object.entries(parameters)) {
    if (!name.endsWith(meanEnd)) continue;
    const projection = name.slice(0, -meanEnd.length);
    const layer = firstLayer(projection, parameters);
    const [weight, bias] = [parameters[`${layer}.weight`]!, parameters[`${layer}.bias`]];
    if (!bias) throw new HybridmedError(`standardization: "${layer}" has no bias to fold a mean into`);
    Object.assign(folded, foldLayer(layer, { weight, bias, mean, scale: parameters[projection + scaleEnd]! }));
  }
  return folded;
}

function foldLayer(layer: string, { weight, bias, mean, scale }: Readonly<Record<'weight' | 'bias' | 'mean' | 'scale', HostArray>>): Record<string, HostArray> {
  const [outputs, inputs] = weight.shape as [number, number];
  const own = Float32Array.from(weight.data, (value, i) => value * scale.data[i % inputs]!);
  const shifted = Float32Array.from({ length: outputs }, (_, o) => {
    let sum = bias.data[o]!;
    for (let i = 0; i < inputs; i++) sum -= own[o * inputs + i]! * mean.data[i]!;
    return sum;
  });
  return { [`${layer}.weight`]: { data: own, shape: weight.shape }, [`${layer}.bias`]: { data: shifted, shape: bias.shape } };
}
