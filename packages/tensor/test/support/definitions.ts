// What the devices' tests of definitions share: the cases of fused ops, a table without rules for them, and an update by AdamW.
import type { Graph, HostArrays, OpName } from '@hybridmed/tensor';
import { ops, opTable, trace } from '@hybridmed/tensor';
import { floats, scalar } from './numbers.ts';
import { opCases } from './op-cases.ts';

const isFused = (op: string): boolean => 'definition' in opTable[op as OpName];

/** Cases of the ops that have a definition. */
export const fusedCases = Object.entries(opCases).filter(([op]) => isFused(op));

/** A device's table with rules for primitives alone: of its type, whose fused ops are optional. */
export const primitiveRules = <T extends object>(rules: T): T => Object.fromEntries(Object.entries(rules).filter(([op]) => !isFused(op))) as T;

/** One update of two parameters by AdamW, with clipping, decay and a ceiling: the gradients' norm, and the new state. */
export function adamWUpdate(): { graph: Graph; data: HostArrays; state: HostArrays } {
  const shapes = { a: [3, 5], b: [7] };
  const names = Object.keys(shapes) as (keyof typeof shapes)[];
  const all = names.flatMap((name) => [name, `m.${name}`, `v.${name}`]);
  const shapeOf = (entry: string): number[] => shapes[entry.at(-1) as keyof typeof shapes];
  const specs = (entries: readonly string[]) => Object.fromEntries(entries.map((name) => [name, { shape: shapeOf(name), dtype: 'f32' as const }]));
  const number = { shape: [], dtype: 'f32' as const };
  const graph = trace({ data: { rate: number, step: number, ...specs(['g.a', 'g.b']) }, state: specs(all) }, (data, state) => {
    const pick = (prefix: string) => names.map((name) => state[prefix + name]!);
    const out = ops.adamW(
      {
        learningRate: data.rate!,
        step: data.step!,
        parameters: pick(''),
        gradients: names.map((name) => data[`g.${name}`]!),
        firstMoments: pick('m.'),
        secondMoments: pick('v.'),
      },
      { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1, decay: [true, false], maxNorm: 1, ceilings: [Infinity, 0.5] },
    );
    const updates = names.flatMap((name, i) => [
      [name, out.parameters[i]!] as const,
      [`m.${name}`, out.firstMoments[i]!] as const,
      [`v.${name}`, out.secondMoments[i]!] as const,
    ]);
    // That a parameter is a result too keeps ONNX Runtime's device from running AdamW in place.
    return { results: { norm: out.gradientNorm, updated: out.parameters[0]! }, updates: Object.fromEntries(updates) };
  });
  const square = ({ data, shape }: HostArrays[string]) => ({ data: data.map((x) => x * x), shape });
  const state = Object.fromEntries(all.map((name, i) => [name, name.startsWith('v.') ? square(floats(shapeOf(name), i)) : floats(shapeOf(name), i)]));
  return { graph, data: { rate: scalar(0.01), step: scalar(3), 'g.a': floats([3, 5], 21), 'g.b': floats([7], 22) }, state };
}
