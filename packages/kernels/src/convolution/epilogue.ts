// What leaves with a convolution: element-wise steps on each element of its output before it is written (bias, frozen batch norm, ReLU, residual).
import type { ArraySpec } from '../kernel.ts';
import { arrayOf } from '../kernel.ts';
import { chainParameters, chainText } from '../map/chain.ts';
import type { Epilogue } from '../matmul/problem.ts';
import type { Parameters } from '../parameters.ts';

/** Arrays that it reads: inputs after the convolution's two. */
export const epilogueArrays = (epilogue: Epilogue | undefined): ArraySpec[] =>
  (epilogue?.inputs ?? []).map(({ type, length }, i) => arrayOf(`x${i}`, length, type));

/** Parameters that its text reads. */
export const epilogueParameters = (epilogue: Epilogue | undefined): Parameters => (epilogue ? chainParameters({ ...epilogue, given: ['v0'] }) : {});

/** The function `store(i, value)`: the steps, and the store of element i of the result, the array `to`. */
export function storer(epilogue: Epilogue | undefined, to = 'y'): string {
  if (!epilogue) return `\nfn store(i: u32, v0: f32) { ${to}[i] = v0; }`;
  const { functions, lines, result } = chainText({ ...epilogue, given: ['v0'] });
  return `${functions}\nfn store(i: u32, v0: f32) {\n${lines.join('\n')}\n  ${to}[i] = ${result};\n}`;
}
