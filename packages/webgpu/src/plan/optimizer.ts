// AdamW on state: parameters and moments are rewritten where they lie, or in copies where something still reads the old ones.
import { kernels } from '@hybridmed/kernels';
import type { Node } from '@hybridmed/tensor';
import { chainOf } from './chains.ts';
import type { Lowering } from './lowering.ts';
import type { Value } from './values.ts';

/** Emits the norm of all gradients, then one update per parameter. An output that is its state input's own array was updated in place. */
export function lowerAdamW(node: Node<'adamW'>, lowering: Lowering): void {
  const n = Math.floor((node.inputs.length - 2) / 4);
  const { beta1, beta2, epsilon, weightDecay, decay, maxNorm, ceilings, rates, scaled = false } = node.attributes;
  const block = (at: number) => node.inputs.slice(2 + at * n, 2 + (at + 1) * n);
  const [rate, step] = [lowering.value(node.inputs[0]!), lowering.value(node.inputs[1]!)];
  const scale = scaled ? [lowering.value(node.inputs.at(-1)!)] : [];
  const gradients = block(1).map((tensor) => lowering.value(tensor));
  const olds = [0, 2, 3].map((at) => block(at).map((tensor) => lowering.value(tensor)));
  lowering.settle(new Set(olds.flat().filter((old) => lowering.mayOverwrite(node, old))), node);
  const [norm] = lowering.run(kernels.gradientNorm, { lengths: gradients.map(({ length }) => length), scaled }, [...gradients, ...scale]);
  const updated = olds.map((values) => values.map((old) => (lowering.mayOverwrite(node, old) ? old : lowering.compute(chainOf(old, [old.length])))));
  for (let i = 0; i < n; i++) {
    const targets = updated.map((values) => values[i]!) as [Value, Value, Value];
    lowering.run(
      kernels.adamW,
      {
        length: gradients[i]!.length,
        beta1,
        beta2,
        epsilon,
        weightDecay: decay[i] ? weightDecay : 0,
        maxNorm,
        ceiling: ceilings[i]!,
        rate: rates?.[i] ?? 1,
        scaled,
      },
      [rate, step, norm!, gradients[i]!, ...scale],
      targets,
    );
  }
  const values = [...updated.flat(), norm!];
  lowering.set(
    node,
    values.map((value, i) => ({ kind: 'value', value, shape: lowering.shape(node.outputs[i]!) })),
  );
}
