// Reductions by results: one thread for each where few elements meet, a group where many do.
import { dispatchOf, shaderOf } from '../dispatch.ts';
import type { Dispatch } from '../kernel.ts';
import { sizeOf } from '../kernel.ts';
import type { Parameters } from '../parameters.ts';
import type { RowGroup } from '../row-group.ts';
import { itemMax, itemSum, longItems, perThread, spread, spreadThreads } from '../shader.ts';
import { combine, startOf } from './combine.ts';
import type { ElementText } from './elements.ts';
import { elementText, inQuads } from './elements.ts';
import type { ReduceProblem } from './problem.ts';
import type { Run } from './runs.ts';
import { runsOf } from './runs.ts';

/** From this many elements on a group shares a result (of f32; whole numbers are few). */
const groupFrom = 96;

/** Runs that stay or go, and the names of their parameters: `NAMESizeAXIS` and `NAMEStepAXIS`. */
interface NamedRuns {
  readonly name: 'stay' | 'go';
  readonly runs: readonly Run[];
}

const runParameters = ({ name, runs }: NamedRuns): Parameters => ({
  ...Object.fromEntries(runs.map(({ size }, axis) => [`${name}Size${axis}`, size])),
  ...Object.fromEntries(runs.map(({ step }, axis) => [`${name}Step${axis}`, step])),
});

/** An expression that turns the index `index` over runs into an offset among the elements. */
function offsetOf(index: string, { name, runs }: NamedRuns): string {
  if (runs.length === 0) return '0u';
  const terms: string[] = [];
  let rest = index;
  for (let axis = runs.length - 1; axis >= 0; axis--) {
    const [size, step] = [`parameters.${name}Size${axis}`, `parameters.${name}Step${axis}`];
    terms.push(axis === 0 ? `(${rest}) * ${step}` : `((${rest}) % ${size}) * ${step}`);
    rest = `(${rest}) / ${size}`;
  }
  return terms.join(' + ');
}

/** Sums of a thread run in order, those of a group in a fixed tree. Parameters: results, resultItems, those of the runs; then the elements'. */
function shader(op: ReduceProblem['op'], { reads, type, declaration }: ElementText, stay: NamedRuns, go: NamedRuns, group: RowGroup | undefined) {
  const loop = (from: string, step: string): string => `  let base = ${offsetOf('i', stay)};
  var total = ${startOf(op, type)};
  for (var j = ${from}; j < parameters.resultItems; j += ${step}) { let at = ${offsetOf('j', go)}; ${combine(op, 'total', 'element(base + at)')} }`;
  const lanes = type === 'vec4<f32>' ? 4 : 1;
  const own = op === 'sum' ? itemSum(lanes, 'total') : itemMax(lanes, 'total');
  const bound = { reads, writes: { y: type === 'i32' ? ('i32' as const) : ('f32' as const) } };
  if (!group) return shaderOf({ ...bound, code: `${declaration}${perThread('parameters.results', `${loop('0u', '1u')}\n  y[i] = ${own};`, longItems)}` });
  const { extensions, reductions, entry } = group;
  return shaderOf({
    ...bound,
    extensions,
    code: `${declaration}${reductions}${entry(
      'parameters.results',
      `${loop('lane', 'groupThreads')}
  let result = ${op === 'sum' ? 'groupSum' : 'groupMax'}(${own}, lane);
  if (lane == 0u) { y[i] = result; }`,
    )}`,
  });
}

/** The dispatch: `x0`, `x1`, ... -> `y`. */
export function resultDispatch(problem: ReduceProblem, group: RowGroup): Dispatch {
  const { op, type, shape, axes } = problem;
  // Quads run along the last axis: it must be among those that go.
  const quads = type === 'f32' && axes.includes(shape.length - 1) ? inQuads(problem) : undefined;
  const runs = runsOf({ shape: (quads ?? problem).shape, axes });
  const stay: NamedRuns = { name: 'stay', runs: runs.filter(({ goes }) => !goes) };
  const go: NamedRuns = { name: 'go', runs: runs.filter(({ goes }) => goes) };
  const [results, resultItems] = [stay, go].map(({ runs: own }) => sizeOf(own.map(({ size }) => size))) as [number, number];
  const text = elementText(quads ?? problem, type, quads !== undefined);
  const parameters = { results, resultItems, ...runParameters(stay), ...runParameters(go), ...text.parameters };
  const grouped = type === 'f32' && resultItems * (quads ? 4 : 1) >= groupFrom;
  const workgroups = grouped ? spread(results) : spreadThreads(results, longItems);
  return dispatchOf(`reduce ${op}`, parameters, shader(op, text, stay, go, grouped ? group : undefined), workgroups);
}
