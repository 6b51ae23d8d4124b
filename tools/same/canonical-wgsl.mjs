// One form for shaders that differ only in how they name things: parameters by number or as members of a struct, arrays, variables and
// functions by any names, comments and white space. Shaders of one form do the same with the same buffers.

/** Members of `struct Parameters` by name, with their types and their places in words as WGSL lays them out; undefined without that struct. */
function membersOf(code) {
  const body = /struct Parameters \{([^}]*)\}/.exec(code)?.[1];
  if (body === undefined) return undefined;
  const members = new Map();
  let end = 0;
  for (const [, size, name, type] of body.matchAll(/(?:@size\((\d+)\)\s*)?(\w+): ([^\n]+),\n/g)) {
    const rows = /^array<vec4<u32>, (\d+)>$/.exec(type)?.[1];
    const at = rows ? Math.ceil(end / 4) * 4 : end;
    end = at + (size ? size / 4 : rows ? 4 * rows : 1);
    members.set(name, { at, type: rows ? 'table' : type });
  }
  return { members, vectors: Math.max(1, Math.ceil(end / 4)) };
}

/** Reads of `struct Parameters` as `u32_WORD`, `f32_WORD`, `i32_WORD`, and `table_VECTOR[...]`. */
function fromStruct(code, { members, vectors }) {
  return code
    .replace(/struct Parameters \{[^}]*\}\n/, '')
    .replace('var<uniform> parameters: Parameters;', `var<uniform> parameters: vectors_${vectors};`)
    .replaceAll(/\bparameters\.(\w+)/g, (_, name) => {
      const { at, type } = members.get(name);
      return type === 'table' ? `table_${at / 4}` : `${type}_${at}`;
    });
}

/** Reads of an array of vectors in the same form: an index that is no number is that of a table of rows. */
function fromVectors(code) {
  const start = /let at = (\d+)u \+ \d+u \* low;/.exec(code)?.[1];
  return code
    .replace(/var<uniform> parameters: array<vec4<u32>, (\d+)>;/, 'var<uniform> parameters: vectors_$1;')
    .replaceAll(/\bparameters\[(\d+)\]\[(\d)\]/g, (_, vector, word) => `u32_${4 * vector + Number(word)}`)
    .replaceAll(/let at = \d+u \+ (\d+u \* low);/g, 'let at = $1;')
    .replaceAll(/\bparameters\[\d+u \+ (\d+u \* middle)\]/g, `table_${start}[$1]`)
    .replaceAll(/\bparameters\[(at(?: \+ 1u)?)\]/g, `table_${start}[$1]`);
}

const token = /[A-Za-z_]\w*|0[xX][0-9a-fA-F]+[iu]?|\d+\.?\d*(?:[eE][+-]?\d+)?[fhiu]?|\S/g;
const declares = new Set(['let', 'var', 'const', 'override', 'fn', 'struct', 'alias']);
const isName = (text) => /^[A-Za-z_]/.test(text);

/** Names that a shader declares itself: after `let`, `fn` and the like, and before a colon (parameters, members, arrays). */
function declaredNames(tokens) {
  const names = tokens.filter(
    (text, i) => isName(text) && text !== 'default' && (declares.has(tokens[i - 1]) || (tokens[i + 1] === ':' && tokens[i + 2] !== ':')),
  );
  return new Set(names);
}

/** The form of a shader's text: names it declares are numbered in the order in which they occur. */
export function canonicalWgsl(code) {
  const members = membersOf(code);
  const text = (members ? fromStruct(code, members) : fromVectors(code))
    .replaceAll(/\/\/[^\n]*/g, '')
    .replaceAll(/bitcast<f32>\(u32_(\d+)\)/g, 'f32_$1')
    .replaceAll(/(?:bitcast<i32>|i32)\(u32_(\d+)\)/g, 'i32_$1');
  const tokens = text.match(token) ?? [];
  const declared = declaredNames(tokens);
  const numbers = new Map();
  const named = tokens.map((word, i) => {
    if (!declared.has(word) || tokens[i - 1] === '.' || tokens[i - 1] === '@') return word;
    if (!numbers.has(word)) numbers.set(word, `n${numbers.size}`);
    return numbers.get(word);
  });
  return named.join(' ');
}

/**
 * What a dispatch binds, as numbers: places among a kernel's arrays (inputs, outputs, temporaries in order) at bindings 1, 2, ..., and which of
 * these it writes. Dispatches name arrays (`reads`, then `writes`) or number them (`arrays`, of which `writes`).
 */
export function boundNumbers(dispatch, { inputs, outputs, temporaries = [] }) {
  if (dispatch.arrays) return { arrays: [...dispatch.arrays], writes: [...dispatch.writes] };
  const names = [...inputs, ...outputs, ...temporaries].map(({ name }) => name);
  const [reads, writes] = [dispatch.reads, dispatch.writes].map((list) => list.map((name) => names.indexOf(name)));
  return { arrays: [...reads, ...writes], writes };
}
