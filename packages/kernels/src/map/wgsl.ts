// The shader of an element-wise chain: one thread per element.
import { declare, perThread, u } from '../shader.ts';
import { chainText, helpers } from './chain.ts';
import type { MapProblem } from './problem.ts';

/** The shader; its text depends on the chain and on which views are dense, not on sizes. */
export function shader({ shape, inputs, steps, output }: MapProblem, parameterCount: number): string {
  const bindings = [...inputs.map(({ type }, i) => ({ name: `x${i}`, type })), { name: 'y', type: output.type, write: true }];
  const { lines, result, target } = chainText({ shape, given: [], inputs, steps, output }, 1);
  const value = output.type === 'f16' ? `f16(${result})` : result;
  return `${declare(bindings, parameterCount)}${helpers(steps)}${perThread(u(0), [...lines, `  y[${target}] = ${value};`].join('\n'))}`;
}
