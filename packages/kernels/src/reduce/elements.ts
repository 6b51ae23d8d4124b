// What a reduction reads: elements of a chain over a shape, one or four neighbours at a time, as a function of the shader.
import type { ElementType } from '../kernel.ts';
import { product, stridesOf } from '../kernel.ts';
import { chainParameters, chainText } from '../map/chain.ts';
import { quadsOf } from '../map/wgsl.ts';
import type { Binding } from '../shader.ts';
import type { Elements } from './problem.ts';

/** Elements as a shader has them. */
export interface ElementText {
  readonly bindings: readonly Binding[];
  /** The type of `element(i)`, and the declaration of that function: element or quad `i` in the order of the shape. */
  readonly type: 'f32' | 'i32' | 'vec4<f32>';
  readonly declaration: string;
  readonly parameters: readonly number[];
}

/** The elements of an array as it lies. */
export const dense = (shape: readonly number[], type: ElementType): Elements => ({
  shape,
  inputs: [{ type, length: product(shape), offset: 0, strides: stridesOf(shape) }],
  steps: [],
});

/** Elements in quads of the last axis, where they come so. */
export function inQuads(elements: Elements): Elements | undefined {
  const [output] = dense(elements.shape, 'f32').inputs;
  return quadsOf({ ...elements, output: output! });
}

/** Text of elements whose parameters begin at `first`; `quads`: they are `inQuads` of others. */
export function elementText(elements: Elements, type: 'f32' | 'i32', quads: boolean, first: number): ElementText {
  const { inputs } = elements;
  const { functions, lines, result } = chainText({ ...elements, given: [], quads }, first);
  const item = quads ? ('vec4<f32>' as const) : type;
  return {
    bindings: inputs.map((view, i) => ({ name: `x${i}`, type: quads && view.strides.at(-1) !== 0 ? `vec4<${view.type}>` : view.type })),
    type: item,
    declaration: `${functions}\nfn element(i: u32) -> ${item} {\n${lines.join('\n')}\n  return ${result};\n}`,
    parameters: chainParameters({ ...elements, given: [] }),
  };
}
