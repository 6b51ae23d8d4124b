// What leaves with a convolution: element-wise steps on each element of its output before it is written (bias, frozen batch norm, ReLU, residual).
import type { ArraySpec } from '../kernel.ts';
import { chainParameters, chainText } from '../map/chain.ts';
import type { Epilogue } from '../matmul/problem.ts';
import type { Binding } from '../shader.ts';
import { range } from '../shader.ts';

/** An epilogue, or none. */
type Maybe = Epilogue | undefined;

/** Arrays that it reads: inputs after the convolution's two. */
export const epilogueArrays = (epilogue: Maybe): ArraySpec[] => (epilogue?.inputs ?? []).map(({ type, length }) => ({ type, length }));

/** Where these lie among the kernel's arrays, and where the result lies. */
export const moreAt = (epilogue: Maybe): number[] => range(epilogue?.inputs.length ?? 0).map((i) => 2 + i);
export const resultAt = (epilogue: Maybe): number => 2 + (epilogue?.inputs.length ?? 0);

/** Their bindings, between the convolution's inputs and its result. */
export const epilogueBindings = (epilogue: Maybe): Binding[] => (epilogue?.inputs ?? []).map(({ type }, i) => ({ name: `x${i}`, type }));

/** Parameters that its text reads. */
export const epilogueParameters = (epilogue: Maybe): number[] => (epilogue ? chainParameters({ ...epilogue, given: ['v0'] }) : []);

/** The function `store(i, value)`: the steps, and the store of element i of the result. Its parameters begin at `first`. */
export function storer(epilogue: Maybe, first: number): string {
  if (!epilogue) return '\nfn store(i: u32, v0: f32) { y[i] = v0; }';
  const { functions, lines, result } = chainText({ ...epilogue, given: ['v0'] }, first);
  return `${functions}\nfn store(i: u32, v0: f32) {\n${lines.join('\n')}\n  y[i] = ${result};\n}`;
}
