// Names that a shader declares, called by the order of their declarations; each scope has its own.
import { closing, isName } from './wgsl-tokens.mjs';

/** Names that whoever makes a pipeline knows. */
const outer = new Set(['main', 'groupThreads']);

const declares = new Set(['let', 'var', 'const', 'override']);

/** Where the name stands that the declaration at `i` declares: behind `<...>` of a var. */
const nameAt = (tokens, i) => (tokens[i + 1] === '<' ? tokens.indexOf('>', i) + 1 : i + 1);

/** Places of names declared at module scope. */
function moduleNames(tokens) {
  const places = [];
  for (let i = 0; i < tokens.length; i++) {
    if (tokens[i] === '{') i = closing(tokens, i) - 1;
    else if (declares.has(tokens[i])) places.push(nameAt(tokens, i));
    else if (tokens[i] === 'fn' || tokens[i] === 'struct') places.push(i + 1);
  }
  return places.map((at) => tokens[at]);
}

/** Names of a function's parameters, declared between two places. */
const parametersIn = (tokens, from, to) => tokens.slice(from, to).filter((token, i) => isName(token) && tokens[from + i + 1] === ':');

/** Tokens with every declared name replaced; `given` are names that are known already. */
export function renameLocals(tokens, given) {
  let count = 0;
  const own = (name) => (outer.has(name) ? name : `v${count++}`);
  const top = new Map(given);
  for (const name of moduleNames(tokens)) top.set(name, own(name));
  const scopes = [top];
  const lookUp = (name) => scopes.findLast((scope) => scope.has(name))?.get(name) ?? name;
  const renamed = [];
  // A name counts from the end of its declaration on. `heads` are places where a scope ends that began before its brace.
  let pending;
  let declared = -1;
  const heads = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i];
    const inFunction = scopes.length > 1;
    if (token === 'fn' || token === 'for') {
      scopes.push(new Map());
      const head = closing(tokens, tokens.indexOf('(', i));
      heads.push(closing(tokens, tokens.indexOf('{', head)) - 1);
      if (token === 'fn') for (const name of parametersIn(tokens, i + 2, head)) scopes.at(-1).set(name, own(name));
    } else if (token === '{') scopes.push(new Map());
    else if (token === ';' && pending !== undefined) {
      scopes.at(-1).set(...pending);
      pending = undefined;
    }
    if (isName(token) && tokens[i - 1] !== '.' && tokens[i - 1] !== '@' && !(tokens[i - 1] === '(' && tokens[i - 2] === 'builtin')) {
      if (inFunction && declares.has(token)) {
        declared = nameAt(tokens, i);
        pending = [tokens[declared], own(tokens[declared])];
      }
      renamed.push(i === declared ? pending[1] : lookUp(token));
    } else renamed.push(token);
    if (token === '}') scopes.pop();
    if (i === heads.at(-1)) {
      heads.pop();
      scopes.pop();
    }
  }
  return renamed;
}
