// The form in which dispatches of kernels are compared. `renames.json` names it under wgsl.canonical and holds what is mapped before, in BEFORE's dispatches:
//   canonical    "strict": text, parameters and bindings as they are; "alpha": names, order of parameters and of bindings do not count
//   texts        [["parameters[2u + at]", "table[at]"], ...] in the text of every shader
//   identifiers  "parameters": "sizes", whole identifiers in the text of every shader
//   names        [["films", "images"], ...] in labels of dispatches and names of cases
import { replaceWords } from './renames.mjs';
import { alphaDispatch } from './wgsl-alpha.mjs';

/** What becomes of a dispatch `{ label, code, parameters, ... }` and of the kernel's arrays `{ inputs, outputs, temporaries }`. */
const forms = {
  strict: { dispatch: (dispatch) => dispatch, arrays: (arrays) => arrays },
  alpha: {
    dispatch: alphaDispatch,
    arrays: (arrays) => Object.fromEntries(Object.entries(arrays).map(([kind, specs]) => [kind, specs.map(({ type, length }) => ({ type, length }))])),
  },
};

/** The form that the list names. */
export function formOf({ canonical }) {
  const form = forms[canonical];
  if (form === undefined) throw new Error(`renames.json: wgsl.canonical: "${canonical}" is none of ${Object.keys(forms).join(', ')}`);
  return form;
}

/** A label or a case's name of BEFORE as AFTER has it. */
export const mappedName = (name, { names }) => replaceWords(name, names);

/** A dispatch of BEFORE with AFTER's names. */
export function mappedDispatch({ code, label, ...others }, renames) {
  const { texts, identifiers } = renames;
  const replaced = texts.reduce((text, [from, to]) => text.replaceAll(from, to), code);
  const named = replaced.replace(/[A-Za-z_]\w*/g, (name) => (Object.hasOwn(identifiers, name) ? identifiers[name] : name));
  return { ...others, code: named, label: mappedName(label, renames) };
}
