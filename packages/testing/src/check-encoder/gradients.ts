// Gradients against central differences in float64: for each parameter along a random direction, which all of its values take part in.
import type { HostArray, HostArrays, Tensor, Tensors } from '@hybridmed/tensor';
import { grad, ops } from '@hybridmed/tensor';
import type { Problem, Subject } from './encoder-under-test.ts';
import { callEncoder, noise, ownInputs } from './encoder-under-test.ts';

const step = 1e-6;
const tolerance = 1e-4;
// Of an encoder with more, so many are checked, evenly chosen.
const mostParameters = 96;

/** A fixed function of the features that gives each of their values a weight of its own. */
function weighted(features: { tokens: Tensor; global: Tensor }, inputs: Tensors): Tensor {
  const part = (name: 'tokens' | 'global') => ops.sum(ops.mul(features[name], inputs[`weight.${name}`]!));
  return ops.add(part('tokens'), part('global'));
}

const greatest = (data: HostArray['data']): number => {
  let most = 0;
  for (const value of data) most = Math.max(most, Math.abs(value));
  return most;
};

/** Gradients in training mode, without dropout (it has no key), of every parameter but buffers. */
export async function checkGradients({ encoder, parameters, inputs, run, compiled }: Subject, report: Problem): Promise<string> {
  const trained = Object.keys(encoder.parameters).filter((name) => !encoder.parameters[name]!.buffer);
  if (trained.length === 0) return 'no parameters';
  const given = await inputs(2);
  const features = await run(given);
  const names = ['tokens', 'global'] as const;
  const weights: HostArrays = Object.fromEntries(
    names.map((name, i) => [`weight.${name}`, { data: noise(31 + i, features[name]!.data.length), shape: features[name]!.shape }]),
  );
  const extra = Object.fromEntries(Object.entries(weights).map(([name, { shape }]) => [name, { shape: ['B', ...shape.slice(1)], dtype: 'f32' as const }]));
  // The length is this text's.
  if ('ids' in given) extra['weight.tokens'] = { shape: ['B', 'L', features.tokens!.shape[2]!], dtype: 'f32' };
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
  const all = { ...ownInputs(parameters), ...given, ...weights };
  const gradients = await both.run(all);
  const at = async (name: string, direction: Float64Array, distance: number): Promise<number> => {
    const { data, shape } = parameters[name]!;
    const moved = Float64Array.from(data, (x, i) => x + distance * direction[i]!);
    return (await forward.run({ ...all, ...ownInputs({ [name]: { data: moved, shape } }) })).value!.data[0]!;
  };
  const every = Math.ceil(trained.length / mostParameters);
  const chosen = trained.filter((_, i) => i % every === 0);
  const scale = Math.max(...trained.map((name) => greatest(gradients[name]!.data)));
  for (const [index, name] of chosen.entries()) {
    const gradient = gradients[name]!.data;
    const direction = noise(997 + index, gradient.length);
    const analytic = direction.reduce((sum, along, i) => sum + along * gradient[i]!, 0);
    const numeric = ((await at(name, direction, step)) - (await at(name, direction, -step))) / (2 * step);
    // Biases that cancel, as those of keys before a softmax, have no gradient but rounding.
    const error = Math.abs(analytic - numeric) / Math.max(Math.abs(analytic), Math.abs(numeric), 1e-4 * scale, 1e-12);
    if (!(error < tolerance)) report('gradients', `"${name}": ${analytic.toPrecision(5)} where finite differences give ${numeric.toPrecision(5)}`);
  }
  return `${chosen.length} parameters against finite differences`;
}
