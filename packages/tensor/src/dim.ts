// Dimensions: a number, or a named symbol (batch, lengths) that a device binds later. Products and sums stay canonical polynomials, so that equal sizes are equal strings.

/** A size: a non-negative integer, a symbol (`"B"`), or a canonical sum of products of a coefficient and symbols (`"4*B*L"`, `"P+1"`). */
export type Dim = number | string;

/** A list of dimensions, outermost first. */
export type Shape = readonly Dim[];

/** Values of symbols, known when a program runs (or, on WebGPU, when it is compiled). */
export type Bindings = Readonly<Record<string, number>>;

interface Monomial {
  coefficient: number;
  symbols: string[];
}

function parse(dim: Dim): Monomial[] {
  if (typeof dim === 'number') return [{ coefficient: dim, symbols: [] }];
  return dim.split('+').map((term) => {
    const factors = term.split('*');
    const head = Number(factors[0]);
    return Number.isNaN(head) ? { coefficient: 1, symbols: factors } : { coefficient: head, symbols: factors.slice(1) };
  });
}

/** Equal products of symbols joined, terms with symbols in order, a constant last. */
function format(terms: readonly Monomial[]): Dim {
  const coefficients = new Map<string, number>();
  for (const { coefficient, symbols } of terms) {
    const key = symbols.toSorted().join('*');
    coefficients.set(key, (coefficients.get(key) ?? 0) + coefficient);
  }
  const constant = coefficients.get('') ?? 0;
  const named = [...coefficients].filter(([key, coefficient]) => key !== '' && coefficient !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (named.length === 0) return constant;
  const parts = named.map(([key, coefficient]) => (coefficient === 1 ? key : `${coefficient}*${key}`));
  return [...parts, ...(constant === 0 ? [] : [String(constant)])].join('+');
}

const times = (left: readonly Monomial[], right: readonly Monomial[]): Monomial[] =>
  left.flatMap((a) => right.map((b) => ({ coefficient: a.coefficient * b.coefficient, symbols: [...a.symbols, ...b.symbols] })));

/** Product of dimensions; the number of elements of a shape. The empty product is 1. */
export function dimProduct(dims: Shape): Dim {
  return format(dims.map(parse).reduce(times, [{ coefficient: 1, symbols: [] }]));
}

/** Sum of dimensions: the size of parts joined along an axis. */
export function dimSum(dims: Shape): Dim {
  return format(dims.flatMap(parse));
}

/** Exact quotient a / b, or undefined where b does not divide a (or both b and the quotient are sums). */
export function dimQuotient(a: Dim, b: Dim): Dim | undefined {
  const [left, right] = [parse(a), parse(b)];
  const terms = left.map((term) => monomialQuotient(term, right[0]!));
  const candidates = right.length === 1 ? [terms] : terms.map((term) => [term]);
  const quotients = candidates.flatMap((candidate) => (candidate.includes(undefined) ? [] : [format(candidate as Monomial[])]));
  return quotients.find((quotient) => dimProduct([quotient, b]) === a);
}

function monomialQuotient(left: Monomial, right: Monomial): Monomial | undefined {
  if (left.coefficient === 0 && right.coefficient !== 0) return { coefficient: 0, symbols: [] };
  if (right.coefficient === 0 || left.coefficient % right.coefficient !== 0) return undefined;
  const symbols = [...left.symbols];
  for (const symbol of right.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  return { coefficient: left.coefficient / right.coefficient, symbols };
}

/** The symbols a dimension is made of, each once. */
export function dimSymbols(dim: Dim): string[] {
  return [...new Set(parse(dim).flatMap(({ symbols }) => symbols))];
}

/** The number a dimension stands for. Throws a RangeError that names a symbol without a value. */
export function bindDim(dim: Dim, bindings: Bindings): number {
  if (typeof dim === 'number') return dim;
  return parse(dim).reduce(
    (total, { coefficient, symbols }) =>
      total +
      symbols.reduce((product, symbol) => {
        const value = bindings[symbol];
        if (value === undefined) throw new RangeError(`the dimension "${symbol}" has no value; known: ${Object.keys(bindings).join(', ') || 'none'}`);
        return product * value;
      }, coefficient),
    0,
  );
}

/** Binds every dimension of a shape. */
export function bindShape(shape: Shape, bindings: Bindings): number[] {
  return shape.map((dim) => bindDim(dim, bindings));
}

/** `[B, 3, 4]` as text, for messages. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Two shapes with the same dimensions in the same order. */
export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, axis) => dim === b[axis]);
}

/** The common shape of two operands under NumPy's rules (right-aligned, 1 stretches), or undefined where they do not fit. */
export function broadcastShapes(a: Shape, b: Shape): Dim[] | undefined {
  const rank = Math.max(a.length, b.length);
  const result: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) return undefined;
    result.push(left === 1 ? right : left);
  }
  return result;
}
