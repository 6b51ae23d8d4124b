// Reads of the uniform buffer: `parameters[0][2]`, or `parameters.rows` of a struct, become one word each, numbered by their order of use.
import { closing, isName } from './wgsl-tokens.mjs';

/** Tokens between commas that are in no bracket. */
function split(tokens) {
  const parts = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (['<', '(', '['].includes(token)) depth++;
    else if (['>', ')', ']'].includes(token)) depth--;
    if (token === ',' && depth === 0) parts.push([]);
    else parts.at(-1).push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** Word of each member of the struct of the parameters, and its type: `rows` are an array of vectors, which begins at a whole one. */
function membersOf(tokens) {
  let next = 0;
  return new Map(
    split(tokens).map((part) => {
      const colon = part.indexOf(':');
      const [, rows] = /^array<vec4<u32>,(\d+)>$/.exec(part.slice(colon + 1).join('')) ?? [];
      const [, size] = /@size\((\d+)\)/.exec(part.slice(0, colon).join('')) ?? [];
      const at = rows === undefined ? next : Math.ceil(next / 4) * 4;
      next = at + (size === undefined ? (rows === undefined ? 1 : 4 * Number(rows)) : Number(size) / 4);
      return [part[colon - 1], { at, type: rows === undefined ? part[colon + 1] : 'rows' }];
    }),
  );
}

/** Takes the struct that is the buffer's type out of the tokens. */
function takeStruct(tokens) {
  const at = tokens.findIndex((token, i) => token === 'struct' && tokens[i + 1] === 'Parameters');
  if (at < 0) return { rest: tokens, members: new Map() };
  const end = closing(tokens, at + 2);
  return { rest: [...tokens.slice(0, at), ...tokens.slice(end)], members: membersOf(tokens.slice(at + 3, end - 1)) };
}

/** Tokens of a read of one word as a type. */
const word = (at, type = 'u32') => (type === 'u32' ? [`#${at}`] : ['bitcast', '<', type, '>', '(', `#${at}`, ')']);

/** What stands for the read that begins at token `i`, and where it ends; undefined for a read of rows. */
function readAt(tokens, i, members) {
  if (tokens[i + 1] === '.' && isName(tokens[i + 2])) {
    const member = members.get(tokens[i + 2]);
    if (member === undefined) throw new Error(`no parameter "${tokens[i + 2]}"`);
    if (member.type !== 'rows') return { tokens: word(member.at, member.type), end: i + 3 };
    return { tokens: ['P', '[', ...(member.at === 0 ? [] : [`${member.at / 4}u`, '+'])], end: i + 4, rows: true };
  }
  // P [ row ] [ column ]
  const [row, column] = [tokens[i + 2], tokens[i + 5]].map(Number);
  if (tokens[i + 4] === '[' && Number.isInteger(row) && Number.isInteger(column)) return { tokens: word(4 * row + column), end: i + 7 };
  return { tokens: ['P'], end: i + 1, rows: true };
}

/**
 * Tokens with reads of the buffer `name` replaced, and the values they have. Where rows are read by a computed number, words keep their own
 * numbers and all values count.
 */
export function readParameters(all, name, parameters) {
  const { rest, members } = takeStruct(all);
  const tokens = [];
  let rows = false;
  for (let i = 0; i < rest.length;) {
    if (rest[i] !== name || rest[i - 1] === '.') tokens.push(rest[i++]);
    else {
      const read = readAt(rest, i, members);
      tokens.push(...read.tokens);
      rows ||= read.rows === true;
      i = read.end;
    }
  }
  if (rows) return { tokens, values: parameters };
  const order = [...new Set(tokens.filter((token) => token.startsWith('#')))];
  return {
    tokens: tokens.map((token) => (token.startsWith('#') ? `#${order.indexOf(token)}` : token)),
    values: order.map((token) => parameters[token.slice(1)]),
  };
}
