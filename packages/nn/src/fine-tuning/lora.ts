// LoRA: a linear layer's weight stays frozen, and a product of two thin matrices beside it is trained; saving merges it into the weight.
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { ParameterSpec, ParameterSpecs } from '../parameters.ts';
import { checkPatterns, matcher } from './patterns.ts';

/** Which layers are adapted, and how. */
export interface LoraOptions {
  /** Names of linear layers, such as `text.encoder.layer.*.attention.self.query`; `*` stands for any characters. */
  readonly layers: readonly string[];
  /** Rank r of the change; 8 by default. */
  readonly rank?: number;
  /** The change is scaled by alpha / r; 2 r by default. */
  readonly alpha?: number;
}

const weightEnd = '.weight';
const downEnd = '.lora.down';
const adapter = /\.lora\.(?:down|up|scale)$/;

/** True for the name of a part of an adapter. */
export const isAdapter = (name: string): boolean => adapter.test(name);

/** What has to be kept as it is to go on training after a merge: every adapter, and the weights they change. */
export function adapterState(specs: ParameterSpecs): string[] {
  const names = Object.keys(specs).filter(isAdapter);
  return [...names, ...names.flatMap((name) => (name.endsWith(downEnd) ? [name.slice(0, -downEnd.length) + weightEnd] : []))];
}

/**
 * The specs with an adapter at every linear layer that matches: y = x W^T + b + (alpha / r) (x down^T) up^T [Hu et al. 2022].
 * `LAYER.lora.down` (r, inputs) starts at random, `LAYER.lora.up` (outputs, r) at 0; the layer's weight is frozen. Throws a
 * HybridmedError for a pattern that matches no linear layer, and for a rank that is no whole number over 0.
 */
export function addLora(specs: ParameterSpecs, { layers, rank = 8, alpha = 2 * rank }: LoraOptions): ParameterSpecs {
  if (!Number.isSafeInteger(rank) || rank < 1) throw new HybridmedError(`LoRA: the rank must be a whole number, 1 or more, not ${rank}`);
  const linear = Object.keys(specs).flatMap((name) => (specs[name]!.linear && name.endsWith(weightEnd) ? [name.slice(0, -weightEnd.length)] : []));
  checkPatterns('LoRA', layers, linear, 'linear layer');
  const adapted = new Set(linear.filter(matcher(layers)));
  const all: Record<string, ParameterSpec> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const layer = name.endsWith(weightEnd) ? name.slice(0, -weightEnd.length) : '';
    all[name] = adapted.has(layer) ? { ...spec, frozen: true } : spec;
    if (!adapted.has(layer)) continue;
    const [outputs, inputs] = spec.shape as [number, number];
    const own = spec.rate === undefined ? {} : { rate: spec.rate };
    all[`${layer}.lora.down`] = { shape: [rank, inputs], init: { kind: 'fanIn' }, ...own };
    all[`${layer}.lora.up`] = { shape: [outputs, rank], init: { kind: 'constant', value: 0 }, ...own };
    all[`${layer}.lora.scale`] = { shape: [], init: { kind: 'constant', value: alpha / rank }, buffer: true };
  }
  return all;
}

/** Parameters with every adapter merged into its layer's weight, W + (alpha / r) up down, and taken out. Others are passed on, not copied. */
export function mergeLora(parameters: HostArrays): Record<string, HostArray> {
  const merged = Object.fromEntries(Object.entries(parameters).filter(([name]) => !isAdapter(name)));
  for (const name of Object.keys(parameters)) {
    if (!name.endsWith(downEnd)) continue;
    const layer = name.slice(0, -downEnd.length);
    const part = (end: string): HostArray => {
      const parameter = parameters[layer + end];
      if (!parameter) throw new HybridmedError(`LoRA: "${layer}${end}" is missing beside "${name}"; save every part of an adapter`);
      return parameter;
    };
    merged[layer + weightEnd] = mergeLayer(part(weightEnd), part(downEnd), part('.lora.up'), part('.lora.scale').data[0]!);
  }
  return merged;
}

function mergeLayer(weight: HostArray, down: HostArray, up: HostArray, scale: number): HostArray {
  const [outputs, inputs] = weight.shape as [number, number];
  const rank = down.shape[0]!;
  const data = Float32Array.from(weight.data);
  const row = new Float64Array(inputs);
  for (let o = 0; o < outputs; o++) {
    row.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * up.data[o * rank + r]!;
      for (let i = 0; i < inputs; i++) row[i]! += factor * down.data[r * inputs + i]!;
    }
    for (let i = 0; i < inputs; i++) data[o * inputs + i]! += row[i]!;
  }
  return { data, shape: weight.shape };
}
