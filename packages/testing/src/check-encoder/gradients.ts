// Gradients against central differences in float64: for each parameter along a random direction, which all of its values take part in.
import type { HostArray, HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { grad, ops } from '@hybridmed/tensor';
import type { EncoderUnderTest, ReportProblem } from './encoder-under-test.ts';
import { callEncoder, noise, ownInputs } from './encoder-under-test.ts';

const step = 1e-6;
const tolerance = 1e-4;
// Of an encoder with more, this many are checked, evenly spaced.
const maxParameters = 96;

/** A fixed function of the features that gives each of their values a weight of its own. */
function weighted(features: { tokens: Tensor; global: Tensor }, inputs: Tensors): Tensor {
  const part = (name: 'tokens' | 'global') => ops.sum(ops.mul(features[name], inputs[`weight.${name}`]!));
  return ops.add(part('tokens'), part('global'));
}

const maxMagnitude = (data: HostArray['data']): number => {
  let max = 0;
  for (const value of data) max = Math.max(max, Math.abs(value));
  return max;
};

/** Gradients in training mode, without dropout (it has no key), of every parameter but buffers. */
export async function checkGradients({ encoder, parameters, inputs, run, compiled }: EncoderUnderTest, report: ReportProblem): Promise<string> {
  const trained = Object.keys(encoder.parameters).filter((name) => !encoder.parameters[name]!.buffer);
  if (trained.length === 0) return 'no parameters';
  const batch = await inputs(2);
  const features = await run(batch);
  const names = ['tokens', 'global'] as const;
  const weights: HostArrays = Object.fromEntries(
    names.map((name, i) => [`weight.${name}`, { data: noise(31 + i, features[name]!.data.length), shape: features[name]!.shape }]),
  );
  const extra = Object.fromEntries(Object.entries(weights).map(([name, { shape }]) => [name, { shape: ['B', ...shape.slice(1)], dtype: 'f32' as const }]));
  // The length is this text's.
  if ('ids' in batch) extra['weight.tokens'] = { shape: ['B', 'L', features.tokens!.shape[2]!], dtype: 'f32' };
  const value = (own: Tensors, all: Tensors): Tensor => weighted(callEncoder(encoder, own, all, true), all);
  const both = await compiled((own, all) => {
    const total = value(own, all);
    const gradients = grad(
      total,
      trained.map((name) => own[name]!),
    );
    return Object.fromEntries(trained.map((name, i) => [name, gradients[i]!]));
  }, extra);
  const forward = await compiled((own, all) => ({ value: value(own, all) }), extra);
  const all = { ...ownInputs(parameters), ...batch, ...weights };
  const gradients = await both.run(all);
  const at = async (name: string, direction: Float64Array, distance: number): Promise<number> => {
    const { data, shape } = parameters[name]!;
    const moved = Float64Array.from(data, (x, i) => x + distance * direction[i]!);
    return (await forward.run({ ...all, ...ownInputs({ [name]: { data: moved, shape } }) })).value!.data[0]!;
  };
  const every = Math.ceil(trained.length / maxParameters);
  const checked = trained.filter((_, i) => i % every === 0);
  const scale = Math.max(...trained.map((name) => maxMagnitude(gradients[name]!.data)));
  for (const [index, name] of checked.entries()) {
    const gradient = gradients[name]!.data;
    const direction = noise(997 + index, gradient.length);
    const analytic = direction.reduce((sum, along, i) => sum + along * gradient[i]!, 0);
    const numeric = ((await at(name, direction, step)) - (await at(name, direction, -step))) / (2 * step);
    // Biases that cancel, as those of keys before a softmax, have no gradient but rounding.
    const error = Math.abs(analytic - numeric) / Math.max(Math.abs(analytic), Math.abs(numeric), 1e-4 * scale, 1e-12);
    if (!(error < tolerance)) report('gradients', `"${name}": ${analytic.toPrecision(5)} where finite differences give ${numeric.toPrecision(5)}`);
  }
  return `${checked.length} parameters against finite differences`;
}
