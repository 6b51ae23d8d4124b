// A shader's dispatch without its names: arrays are called by their place among the kernel's, parameters by their order of use, all else by order of
// declaration. Two dispatches of one form compute the same.
import { readParameters } from './wgsl-parameters.mjs';
import { renameLocals } from './wgsl-scopes.mjs';
import { linesOf, tokensOf } from './wgsl-tokens.mjs';

/** Places of the bound arrays among inputs, outputs and temporaries, in the order of bindings 1, 2, ...; and of those that are written. */
function boundArrays({ arrays, reads, writes }, { inputs, outputs, temporaries = [] }) {
  if (arrays !== undefined) return { bound: arrays, written: writes };
  const names = [...inputs, ...outputs, ...temporaries].map(({ name }) => name);
  const placeOf = (name) => names.indexOf(name);
  return { bound: [...reads, ...writes].map(placeOf), written: writes.map(placeOf) };
}

/** Takes the declarations of bindings out of the text: kinds of the arrays, and new names of all bound variables. */
function takeBindings(code, bound) {
  const names = new Map();
  const kinds = [];
  const uses = new Map();
  const rest = code.replace(/@group\(0\) @binding\((\d+)\) var<([^>]*)> (\w+): ([^;]*);/g, (_, binding, access, name, type) => {
    const place = bound[Number(binding) - 1];
    const nth = uses.get(place) ?? 0;
    uses.set(place, nth + 1);
    names.set(name, binding === '0' ? 'P' : `A${place}${nth === 0 ? '' : `_${nth}`}`);
    if (binding !== '0') kinds.push(`${names.get(name)}: ${access} ${type}`);
    return '';
  });
  return { rest, names, kinds: kinds.toSorted() };
}

/** The form of a dispatch. */
export function alphaDispatch(dispatch, specs) {
  const { label, code, parameters, workgroups, clears } = dispatch;
  const { bound, written } = boundArrays(dispatch, specs);
  const { rest, names, kinds } = takeBindings(code.replace(/\/\/.*$/gm, ''), bound);
  const read = readParameters(tokensOf(rest), [...names].find(([, own]) => own === 'P')?.[0], parameters);
  const text = [...kinds, ...linesOf(renameLocals(read.tokens, names))].join('\n');
  return { label, code: text, parameters: read.values, arrays: bound.toSorted((a, b) => a - b), writes: written.toSorted((a, b) => a - b), workgroups, clears };
}
