// Dimensions: a number, or a named symbol (batch, lengths) that a device binds later. Products stay canonical monomials, so that equal sizes are equal strings.

/** A size: a non-negative integer, a symbol (`"B"`), or a canonical product of a coefficient and symbols (`"4*B*L"`). */
export type Dim = number | string;

/** A list of dimensions, outermost first. */
export type Shape = readonly Dim[];

/** Values of symbols, known when a program runs (or, on WebGPU, when it is compiled). */
export type Bindings = Readonly<Record<string, number>>;

interface Monomial {
  coefficient: number;
  symbols: string[];
}

function parse(dim: Dim): Monomial {
  if (typeof dim === 'number') return { coefficient: dim, symbols: [] };
  const factors = dim.split('*');
  const head = Number(factors[0]);
  return Number.isNaN(head) ? { coefficient: 1, symbols: factors } : { coefficient: head, symbols: factors.slice(1) };
}

function format({ coefficient, symbols }: Monomial): Dim {
  if (coefficient === 0 || symbols.length === 0) return coefficient;
  const sorted = symbols.toSorted().join('*');
  return coefficient === 1 ? sorted : `${coefficient}*${sorted}`;
}

/** Product of dimensions; the number of elements of a shape. The empty product is 1. */
export function dimProduct(dims: Shape): Dim {
  const product: Monomial = { coefficient: 1, symbols: [] };
  for (const dim of dims) {
    const { coefficient, symbols } = parse(dim);
    product.coefficient *= coefficient;
    product.symbols.push(...symbols);
  }
  return format(product);
}

/** Exact quotient a / b, or undefined where b does not divide a. */
export function dimQuotient(a: Dim, b: Dim): Dim | undefined {
  const left = parse(a);
  const right = parse(b);
  if (left.coefficient === 0 && right.coefficient !== 0) return 0;
  if (right.coefficient === 0 || left.coefficient % right.coefficient !== 0) return undefined;
  const symbols = [...left.symbols];
  for (const symbol of right.symbols) {
    const at = symbols.indexOf(symbol);
    if (at < 0) return undefined;
    symbols.splice(at, 1);
  }
  return format({ coefficient: left.coefficient / right.coefficient, symbols });
}

/** The symbols a dimension is made of, each once. */
export function dimSymbols(dim: Dim): string[] {
  return [...new Set(parse(dim).symbols)];
}

/** The number a dimension stands for. Throws a RangeError that names a symbol without a value. */
export function bindDim(dim: Dim, bindings: Bindings): number {
  if (typeof dim === 'number') return dim;
  const { coefficient, symbols } = parse(dim);
  return symbols.reduce((product, symbol) => {
    const value = bindings[symbol];
    if (value === undefined) throw new RangeError(`the dimension "${symbol}" has no value; known: ${Object.keys(bindings).join(', ') || 'none'}`);
    return product * value;
  }, coefficient);
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
