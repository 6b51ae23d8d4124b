// The shader of an element-wise chain: one thread per element, or per quad of neighbours where everything lies in quads.
import { shaderOf } from '../dispatch.ts';
import { perThread } from '../shader.ts';
import { chainReads, chainText } from './chain.ts';
import type { MapProblem, View } from './problem.ts';

/** Whether a view's quads along the last axis are neighbours in memory, or one element. */
function inQuads({ length, offset, strides }: View, repeats: boolean): boolean {
  const last = strides.at(-1);
  if (repeats && last === 0) return true;
  return last === 1 && length % 4 === 0 && offset % 4 === 0 && strides.slice(0, -1).every((stride) => stride % 4 === 0);
}

const quadView = (view: View): View =>
  view.strides.at(-1) === 0
    ? view
    : {
        ...view,
        length: view.length / 4,
        offset: view.offset / 4,
        strides: view.strides.map((stride, axis) => (axis === view.strides.length - 1 ? 1 : stride / 4)),
      };

/** The same chain over quads of the last axis, where all its views lie so and no step depends on an element's place. */
export function quadsOf(problem: MapProblem): MapProblem | undefined {
  const { shape, inputs, steps, output } = problem;
  const last = shape.at(-1) ?? 0;
  if (last % 4 !== 0 || last === 0 || steps.some(({ op }) => op === 'random' || op === 'index')) return undefined;
  if (!inQuads(output, false) || !inputs.every((view) => inQuads(view, true))) return undefined;
  return { shape: [...shape.slice(0, -1), last / 4], inputs: inputs.map(quadView), steps, output: quadView(output) };
}

/** Its text depends on the chain and on which views are dense, not on sizes. `quads`: the problem is `quadsOf` another. Parameters: count, then the chain's. */
export function shader(problem: MapProblem, quads: boolean) {
  const { output } = problem;
  const { functions, lines, result, target } = chainText({ ...problem, given: [], quads });
  const value = output.type === 'f16' ? `${quads ? 'vec4<f16>' : 'f16'}(${result})` : result;
  return shaderOf({
    reads: chainReads({ ...problem, quads }),
    writes: { y: quads ? `vec4<${output.type}>` : output.type },
    code: `${functions}${perThread('parameters.count', [...lines, `  y[${target}] = ${value};`].join('\n'))}`,
  });
}
