// For people with typed arrays: compile a function of named tensors and call it with named arrays; and its gradient likewise.
import type { HostArrays } from './array.ts';
import { dtypeOf } from './array.ts';
import { grad } from './autograd.ts';
import type { Device, Program } from './device.ts';
import { TraceError } from './errors.ts';
import type { Tensor } from './node.ts';
import type { Tensors } from './trace.ts';
import { trace } from './trace.ts';

/** A function of named traced values that returns one value or several by name. */
export type TracedFunction = (inputs: Tensors) => Tensor | Tensors;

const isTensor = (value: Tensor | Tensors): value is Tensor => 'node' in value && 'dtype' in value;

/**
 * A function of named host arrays that runs `fn` on a device: traced and compiled on first use, and once more per new set of shapes.
 * One returned value comes back under the name `value`.
 */
export function compile(device: Device, fn: TracedFunction): (inputs: HostArrays) => Promise<Record<string, HostArrays[string]>> {
  const programs = new Map<string, Promise<Program>>();
  return async (inputs) => {
    const specs = Object.fromEntries(Object.entries(inputs).map(([name, value]) => [name, { shape: value.shape, dtype: dtypeOf(value) }]));
    const key = JSON.stringify(specs);
    let program = programs.get(key);
    if (!program) {
      const graph = trace({ data: specs }, (values) => {
        const returned = fn(values);
        return { results: isTensor(returned) ? { value: returned } : returned };
      });
      program = device.compile(graph);
      programs.set(key, program);
    }
    return (await program).run(inputs);
  };
}

/**
 * The function and its gradients: `{ value, "grad.NAME": ... }` for each named input in `wrt` (all f32 inputs by default).
 * `fn` must return an f32 scalar.
 */
export function valueAndGrad(fn: (inputs: Tensors) => Tensor, wrt?: readonly string[]): (inputs: Tensors) => Tensors {
  return (inputs) => {
    const names = wrt ?? Object.keys(inputs).filter((name) => inputs[name]!.dtype === 'f32');
    const missing = names.find((name) => !inputs[name]);
    if (missing !== undefined) throw new TraceError('valueAndGrad', `there is no input "${missing}"; inputs: ${Object.keys(inputs).join(', ')}`);
    const value = fn(inputs);
    const gradients = grad(
      value,
      names.map((name) => inputs[name]!),
    );
    return { value, ...Object.fromEntries(names.map((name, i) => [`grad.${name}`, gradients[i]!])) };
  };
}
