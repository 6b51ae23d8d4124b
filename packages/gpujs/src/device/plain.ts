// The plain reference as a device: the oracle of every other one.
import type { Device } from '@hybridmed/tensor';
import { interpret } from './interpret.ts';
import { hostState, toPrecision } from './state.ts';

/** Options of the plain device: arrays and arithmetic in f32 (sums in float64), or everything in float64. */
export interface PlainOptions {
  precision?: 'f32' | 'f64';
}

/** The plain reference: correct and simple, the oracle of every other device. `f64` computes everything in float64. */
export function plainDevice({ precision = 'f32' }: PlainOptions = {}): Device {
  const name = `plain (${precision})`;
  return {
    info: { kind: 'plain', name: `plain JavaScript, ${precision === 'f64' ? 'float64' : 'f32'}`, software: true },
    compile: async (graph) => interpret(name, graph, { precision, keeps: precision }),
    createState: (initial) => hostState(name, (array) => toPrecision(array, precision), initial),
    close: async () => undefined,
  };
}
