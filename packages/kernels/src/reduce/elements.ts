// What a reduction reads: elements of a chain over a shape, one or four neighbours at a time, as a function of the shader.
import type { ItemType } from '../dispatch.ts';
import { chainParameters, chainReads, chainText } from '../map/chain.ts';
import { denseView } from '../map/problem.ts';
import { quadsOf } from '../map/wgsl.ts';
import type { Parameters } from '../parameters.ts';
import type { Elements } from './problem.ts';

/** Elements as a shader has them. */
export interface ElementText {
  readonly reads: Readonly<Record<string, ItemType>>;
  /** The type of `element(i)`, and the declaration of that function: element or quad `i` in the order of the shape. */
  readonly type: 'f32' | 'i32' | 'vec4<f32>';
  readonly declaration: string;
  readonly parameters: Parameters;
}

/** Elements in quads of the last axis, where they come so. */
export const inQuads = (elements: Elements): Elements | undefined => quadsOf({ ...elements, output: denseView(elements.shape) });

/** Text of elements; `quads`: they are `inQuads` of others. */
export function elementText(elements: Elements, type: 'f32' | 'i32', quads: boolean): ElementText {
  const { functions, lines, result } = chainText({ ...elements, given: [], quads });
  const item = quads ? ('vec4<f32>' as const) : type;
  return {
    reads: chainReads({ ...elements, quads }),
    type: item,
    declaration: `${functions}\nfn element(i: u32) -> ${item} {\n${lines.join('\n')}\n  return ${result};\n}`,
    parameters: chainParameters({ ...elements, given: [] }),
  };
}
