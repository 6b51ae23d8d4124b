// Layer-wise learning-rate decay: the nearer a layer is to the input, the slower it learns.
import { HybridmedError } from '@hybridmed/tensor';
import type { ParameterSpecs } from '../parameters.ts';

/** The name up to its first number, that number included: `blocks.3` of `blocks.3.norm1.weight`. */
const numberedGroup = (name: string): string | undefined => /^(?:[^.]+\.)*?\d+(?=\.)/.exec(name)?.[0];

/**
 * The specs of one encoder with learning-rate factors `factor`^(L + 1 - l) [Clark et al. 2020, ELECTRA; Bao et al. 2022, BEiT].
 * Layers are the numbered groups of parameters in their order (`blocks.0`, `encoder.layer.0`, `layer1.0`): l = 1..L. What comes
 * before the first is l = 0, what comes after is L + 1, with the factor 1. Throws a HybridmedError unless 0 < factor <= 1.
 */
export function layerDecay(specs: ParameterSpecs, factor: number): ParameterSpecs {
  if (!(factor > 0 && factor <= 1)) throw new HybridmedError(`layer decay: the factor must be over 0 and at most 1, not ${factor}`);
  const layers = new Map<string, number>();
  for (const name of Object.keys(specs)) {
    const group = numberedGroup(name);
    if (group !== undefined && !layers.has(group)) layers.set(group, layers.size + 1);
  }
  const top = layers.size + 1;
  let reached = layers.size === 0 ? top : 0;
  return Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => {
      const layer = layers.get(numberedGroup(name) ?? '');
      if (layer !== undefined) reached = top;
      return [name, { ...spec, rate: (spec.rate ?? 1) * factor ** (top - (layer ?? reached)) }];
    }),
  );
}
