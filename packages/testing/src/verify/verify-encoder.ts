// Replays encoder goldens: outputs, the gradients of a fixed cotangent, and batch norm's running statistics.
import { withCurrentNames } from '@hybridmed/model';
import type { Module } from '@hybridmed/nn';
import { rootScope } from '@hybridmed/nn';
import type { Device, HostArrays, Tensor, Tensors, TensorSpec } from '@hybridmed/tensor';
import { dtypeOf, grad, ops, trace } from '@hybridmed/tensor';
import type { BertConfig } from '@hybridmed/text';
import { bert } from '@hybridmed/text';
import type { VisionConfig } from '@hybridmed/vision';
import { visionEncoder, visionWeights } from '@hybridmed/vision';
import type { Comparison, Golden } from './golden.ts';
import { asFloat, relativeError, Report, withPrefix } from './golden.ts';

const bound = 1e-4;

const specsOf = (arrays: HostArrays): Record<string, TensorSpec> =>
  Object.fromEntries(Object.entries(arrays).map(([name, value]) => [name, { shape: value.shape, dtype: dtypeOf(value) }]));

interface Features {
  tokens: Tensor;
  global: Tensor;
  importance?: Tensor | undefined;
}

/**
 * The configuration of a vision golden: its own of the first set; of the second what loading reads from the names and shapes of its
 * parameters and the architecture that it names. Its images are normalized already.
 */
function configOf({ json, arrays, name }: Golden): VisionConfig {
  if (json.config?.kind !== undefined) return withCurrentNames(json.config) as VisionConfig;
  const parameters = { ...withPrefix(arrays, 'param.'), ...withPrefix(arrays, 'buffer.') };
  const shapes = Object.fromEntries(Object.entries(parameters).map(([key, { shape }]) => [key, shape]));
  const { pretrained_cfg: _, ...config } = json.config as Record<string, unknown>;
  const [, channels, size] = arrays['in.image']!.shape as [number, number, number, number];
  const stated = { architecture: json.architecture, ...(json.names === 'timm' ? {} : { library: json.names }), ...config, input_range: [-1, 1] };
  return visionWeights(shapes, { config: stated, configLabel: `${name}.json`, label: `${name}.safetensors`, image: { size, channels } }).config;
}

/** Replays `vit`, `resnet-*`, `bert`, and the encoders of the second set. */
export async function verifyEncoder(device: Device, golden: Golden): Promise<Comparison[]> {
  const { arrays, json, name } = golden;
  const report = new Report(name, device.info);
  const isText = 'in.ids' in arrays;
  const encoder = (isText ? bert(withCurrentNames(json.config) as BertConfig) : visionEncoder(configOf(golden))) as Module<readonly Tensor[], Features>;
  const inputs: HostArrays = isText ? { ids: arrays['in.ids']!, mask: asFloat(arrays['in.mask']!) } : { image: arrays['in.image']! };
  const parameters = { ...withPrefix(arrays, 'param.'), ...withPrefix(arrays, 'buffer.') };
  const training = Object.keys(arrays).some((key) => key.startsWith('buffer_after.'));
  const cotangents = withPrefix(arrays, 'cotangent.');
  const graph = trace(
    {
      data: { ...specsOf(inputs), 'cotangent.tokens': specsOf(cotangents).tokens!, 'cotangent.global': specsOf(cotangents).global! },
      state: specsOf(parameters),
    },
    (data, state) => {
      const updates: Record<string, Tensor> = {};
      const features = encoder.call(rootScope(state, { training, updates }), ...(isText ? [data.ids!, data.mask!] : [data.image!]));
      // Texts: tokens at padding are 0 in the file, and take no part in the value.
      const tokens = isText ? ops.mul(features.tokens, ops.reshape(data.mask!, [...data.mask!.shape, 1])) : features.tokens;
      const value = ops.add(ops.sum(ops.mul(tokens, data['cotangent.tokens']!)), ops.sum(ops.mul(features.global, data['cotangent.global']!)));
      const sources: Tensors = {
        ...Object.fromEntries(Object.keys(withPrefix(arrays, 'grad.')).map((key) => [`grad.${key}`, state[key]!])),
        ...('grad_in.image' in arrays ? { 'grad_in.image': data.image! } : {}),
      };
      const gradients = grad(value, Object.values(sources));
      const results: Record<string, Tensor> = {
        value,
        'out.tokens': tokens,
        'out.global': features.global,
        ...Object.fromEntries(Object.keys(sources).map((key, i) => [key, gradients[i]!])),
      };
      if (features.importance && 'out.importance' in arrays) results['out.importance'] = features.importance;
      return { results, updates };
    },
  );
  const state = device.createState(parameters);
  const program = await device.compile(graph);
  const results = await program.run({ ...inputs, 'cotangent.tokens': cotangents.tokens!, 'cotangent.global': cotangents.global! }, state);
  report.add('value', relativeError(results.value!.data, Float64Array.of(json.value)), bound, 'outputs');
  for (const [quantity, { data }] of Object.entries(results))
    if (quantity.startsWith('out.') || quantity.startsWith('grad_in.')) report.add(quantity, relativeError(data, arrays[quantity]!.data), bound, 'outputs');
  report.addGradients('gradients', withPrefix(results, 'grad.'), withPrefix(arrays, 'grad.'), bound);
  if (training) {
    const after = withPrefix(arrays, 'buffer_after.');
    const ours = await state.read(Object.keys(after));
    for (const [key, value] of Object.entries(after)) report.add('buffers after', relativeError(ours[key]!.data, value.data), bound, 'outputs');
  }
  program.release?.();
  state.drop();
  return report.rows();
}
