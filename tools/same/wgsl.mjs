// The form in which dispatches of kernels are compared. A form is a function of a dispatch `{ label, code, parameters, ... }`; `renames.json`
// names the form under wgsl.canonical and holds what is mapped before it, on BEFORE's side alone:
//   identifiers  "parameters": "sizes", whole identifiers in the text of every shader
//   labels       [["films", "images"], ...] in labels of dispatches
//   cases        "old name": "new name" of a kernel's case
import { replaceWords } from './renames.mjs';

/** Forms by name: `strict` compares the text as it is. */
export const forms = {
  strict: (dispatch) => dispatch,
};

/** A dispatch as it is compared. */
export function canonicalDispatch(dispatch, side, { canonical, identifiers, labels }) {
  const form = forms[canonical];
  if (form === undefined) throw new Error(`renames.json: wgsl.canonical: "${canonical}" is none of ${Object.keys(forms).join(', ')}`);
  if (side === 'after') return form(dispatch);
  const code = dispatch.code.replace(/[A-Za-z_]\w*/g, (name) => (Object.hasOwn(identifiers, name) ? identifiers[name] : name));
  return form({ ...dispatch, code, label: replaceWords(dispatch.label, labels) });
}
