// Shaders, parameters, bindings, workgroups and costs of every kernel's cases, in the form that `wgsl.mjs` gives them.
import { jsonDifference, textDifference } from '../compare.mjs';
import { onBoth } from '../session.mjs';
import { formOf, mappedDispatch, mappedName } from '../wgsl.mjs';

/** The first difference of two dispatches, the shader's text first. */
function dispatchDifference({ code: was, ...before }, { code: is, ...after }) {
  const text = textDifference(was, is);
  return text === undefined ? jsonDifference(before, after) : `shader, ${text}`;
}

/** The first difference of two ways (an adapter and a variant) to compute a case. */
function wayDifference({ name, dispatches: was, arrays: before }, { dispatches: is, arrays: after }) {
  if (was.length !== is.length) return `${name}: ${was.length} dispatches, now ${is.length}`;
  const first = was.map((dispatch, i) => dispatchDifference(dispatch, is[i])).find((difference) => difference !== undefined);
  const difference = first ?? jsonDifference(before, after, 'arrays');
  return difference === undefined ? undefined : `${name}: ${difference}`;
}

/** The first difference of two cases of a kernel. */
function caseDifference({ ways: was, ...before }, { ways: is, ...after }) {
  const names = jsonDifference(
    was.map(({ name }) => name),
    is.map(({ name }) => name),
    'ways',
  );
  if (names !== undefined) return names;
  return was.map((way, i) => wayDifference(way, is[i])).find((difference) => difference !== undefined) ?? jsonDifference(before, after);
}

/** A side's cases by kernel and name, with every dispatch in its canonical form. */
function casesOf({ value: { codes, kernels } }, side, renames) {
  const form = formOf(renames);
  const named = (dispatch) => (side === 'before' ? mappedDispatch(dispatch, renames) : dispatch);
  const canonical = (dispatch, arrays) => form.dispatch(named({ ...dispatch, code: codes[dispatch.code] }), arrays);
  const ways = (one) =>
    one.ways.map(({ name, arrays, dispatches }) => ({ name, arrays: form.arrays(arrays), dispatches: dispatches.map((each) => canonical(each, arrays)) }));
  const nameOf = (name) => (side === 'before' ? mappedName(name, renames) : name);
  return new Map(
    Object.entries(kernels).map(([kernel, cases]) => [
      kernel,
      new Map(cases.map((one) => [nameOf(one.name), { ...one, ways: ways(one), name: nameOf(one.name) }])),
    ]),
  );
}

/** Compares all kernels: a line for each. */
export async function wgsl(session) {
  const { report, renames } = session;
  const answers = await onBoth(session, (checkout) => checkout.probe('kernels', {}));
  if (answers.problem) return report.differs('wgsl', answers.problem);
  const [before, after] = ['before', 'after'].map((side) => casesOf(answers[side], side, renames.wgsl));
  for (const kernel of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(kernel) ?? new Map(), after.get(kernel) ?? new Map()];
    const differences = [...new Set([...was.keys(), ...is.keys()])].map((name) => {
      if (!is.has(name)) return `case "${name}" is gone`;
      if (!was.has(name)) return `case "${name}" is new`;
      const difference = caseDifference(was.get(name), is.get(name));
      return difference === undefined ? undefined : `case "${name}", ${difference}`;
    });
    const differing = differences.filter((difference) => difference !== undefined);
    const rest = differing.length > 1 ? `\n(and ${differing.length - 1} of ${differences.length} cases more)` : '';
    report.compared(`wgsl: ${kernel}`, differing.length === 0 ? undefined : differing[0] + rest);
  }
}
