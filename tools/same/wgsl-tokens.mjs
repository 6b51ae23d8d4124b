// WGSL text as tokens, and tokens as lines that can be read.

/** Tokens of a text without comments. */
export const tokensOf = (code) =>
  code.match(/[A-Za-z_]\w*|0x[\da-fA-F]+[iu]?|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?[fhiu]?|->|&&|\|\||<<|>>|[-+*/%&|^<>=!]=|\+\+|--|\S/g) ?? [];

/** True for a name or keyword. */
export const isName = (token) => /^[A-Za-z_]/.test(token ?? '');

/** A line for each statement. */
export function linesOf(tokens) {
  const lines = [[]];
  for (const token of tokens) {
    lines.at(-1).push(token);
    if ([';', '{', '}'].includes(token)) lines.push([]);
  }
  return lines.filter((line) => line.length > 0).map((line) => line.join(' '));
}

/** The place after the bracket that closes the one at `from`. */
export function closing(tokens, from) {
  const pairs = { '(': ')', '[': ']', '{': '}' };
  let depth = 0;
  for (let i = from; i < tokens.length; i++) {
    if (tokens[i] in pairs) depth++;
    else if (Object.values(pairs).includes(tokens[i])) depth--;
    if (depth === 0) return i + 1;
  }
  return tokens.length;
}
