// L-BFGS for smooth convex functions of a few thousand variables, in double precision [Liu & Nocedal 1989].

/** A function: writes its gradient at x into `gradient` and returns its value. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number;

/** Where a minimum was found. */
export interface Minimum {
  readonly x: Float64Array;
  readonly value: number;
  readonly iterations: number;
  /** Whether the gradient's greatest element fell below the tolerance. */
  readonly converged: boolean;
}

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

const greatest = (x: Float64Array): number => x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

interface Correction {
  readonly s: Float64Array;
  readonly y: Float64Array;
  readonly rho: number;
}

/** The quasi-Newton direction -H g by the two-loop recursion. */
function directionOf(gradient: Float64Array, corrections: readonly Correction[]): Float64Array {
  const direction = gradient.map((value) => -value);
  const alphas: number[] = [];
  for (let i = corrections.length - 1; i >= 0; i--) {
    const { s, y, rho } = corrections[i]!;
    const alpha = rho * dot(s, direction);
    alphas[i] = alpha;
    for (let j = 0; j < direction.length; j++) direction[j]! -= alpha * y[j]!;
  }
  const last = corrections.at(-1);
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y));
    for (let j = 0; j < direction.length; j++) direction[j]! *= scale;
  }
  corrections.forEach(({ s, y, rho }, i) => {
    const beta = rho * dot(y, direction);
    for (let j = 0; j < direction.length; j++) direction[j]! += (alphas[i]! - beta) * s[j]!;
  });
  return direction;
}

/** Minimizes from `start` until the gradient's greatest element is below `tolerance`, with a backtracking line search (Armijo). */
export function minimize(
  objective: Objective,
  start: Float64Array,
  { tolerance = 1e-5, iterations = 200, memory = 10 }: { tolerance?: number; iterations?: number; memory?: number } = {},
): Minimum {
  let x = Float64Array.from(start);
  let gradient = new Float64Array(x.length);
  let value = objective(x, gradient);
  const corrections: Correction[] = [];
  for (let iteration = 0; iteration < iterations; iteration++) {
    if (greatest(gradient) < tolerance) return { x, value, iterations: iteration, converged: true };
    let direction = directionOf(gradient, corrections);
    let slope = dot(gradient, direction);
    if (!(slope < 0)) {
      corrections.length = 0;
      direction = gradient.map((entry) => -entry);
      slope = -dot(gradient, gradient);
    }
    let step = corrections.length === 0 ? 1 / Math.max(1, Math.sqrt(-slope)) : 1;
    const next = new Float64Array(x.length);
    const nextGradient = new Float64Array(x.length);
    let nextValue = Number.NaN;
    let stepFound = false;
    for (let trial = 0; trial < 40 && !stepFound; trial++, step /= 2) {
      for (let i = 0; i < x.length; i++) next[i] = x[i]! + step * direction[i]!;
      nextValue = objective(next, nextGradient);
      stepFound = nextValue <= value + 1e-4 * step * slope;
    }
    if (!stepFound) return { x, value, iterations: iteration, converged: false };
    const s = next.map((entry, i) => entry - x[i]!);
    const y = nextGradient.map((entry, i) => entry - gradient[i]!);
    const curvature = dot(s, y);
    if (curvature > 1e-12 * dot(y, y)) corrections.push({ s, y, rho: 1 / curvature });
    if (corrections.length > memory) corrections.shift();
    [x, gradient, value] = [next, nextGradient, nextValue];
  }
  return { x, value, iterations, converged: greatest(gradient) < tolerance };
}
