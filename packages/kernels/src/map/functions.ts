// Functions that the text of an element-wise chain calls: erf, GELU, random numbers, and coordinates from a position.

/** What a chain computes at a time: an element, or a quad of them. */
export type ItemType = 'f32' | 'vec4<f32>';

/** erf by polynomials with an error of about one unit in the last place, after N. Juffa (constants only). */
export const erfFunction = (T: ItemType): string => `
fn erf(a: ${T}) -> ${T} {
  let t = abs(a);
  let s = a * a;
  var r = fma(${T}(-1.72853470e-5f), t, ${T}(3.83197126e-4f));
  r = fma(r, s, fma(${T}(-3.88396438e-3f), t, ${T}(2.42546219e-2f)));
  r = fma(r, t, ${T}(-1.06777877e-1f));
  r = fma(r, t, ${T}(-6.34846687e-1f));
  r = fma(r, t, ${T}(-1.28717512e-1f));
  r = fma(r, t, -t);
  r = 1.0f - exp(r);
  var q = fma(${T}(-5.96761703e-4f), s, ${T}(4.99119423e-3f));
  q = fma(q, s, ${T}(-2.67681349e-2f));
  q = fma(q, s, ${T}(1.12819925e-1f));
  q = fma(q, s, ${T}(-3.76125336e-1f));
  q = fma(q, s, ${T}(1.28379166e-1f));
  return select(fma(q, a, a), select(r, -r, a < ${T}(0.0f)), t > ${T}(0.927734375f));
}`;

/**
 * GELU and its slope. The normal distribution function by an approximation of erf with an absolute error of 1.5e-7 [Abramowitz and Stegun 1964,
 * 7.1.26]: one exponential, which the density has as well. GELU adds it to 1 or multiplies by it, where erf's last places are lost anyway.
 */
export const geluFunctions = (T: ItemType): string => `
struct Normal { cumulative: ${T}, density: ${T} }
fn normal(x: ${T}) -> Normal {
  let t = 1.0f / fma(abs(x), ${T}(0.23164189f), ${T}(1.0f));
  let e = exp(x * x * -0.5f);
  var r = fma(t, ${T}(0.5307027145f), ${T}(-0.7265760135f));
  r = fma(r, t, ${T}(0.7107068705f));
  r = fma(r, t, ${T}(-0.142248368f));
  r = fma(r, t, ${T}(0.127414796f));
  let tail = r * t * e;
  return Normal(select(1.0f - tail, tail, x < ${T}(0.0f)), 0.3989422804f * e);
}
fn gelu(x: ${T}) -> ${T} { return x * normal(x).cumulative; }
fn geluGrad(x: ${T}, dy: ${T}) -> ${T} {
  let at = normal(x);
  return dy * fma(x, at.density, at.cumulative);
}`;

/** MurmurHash3's 32-bit finalizer (Austin Appleby, public domain), as the random op is defined. */
export const randomFunction = `
fn mix32(h: u32) -> u32 {
  var x = h;
  x = (x ^ (x >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}
fn uniformAt(index: u32, key0: u32, key1: u32, stream: u32) -> f32 {
  let h = mix32(index ^ key0);
  return f32(mix32((h + stream * 0x9e3779b9u) ^ key1) >> 8u) * 5.9604644775390625e-8f;
}`;

// Adapters divide whole numbers slowly, processors lane by lane, and these have no conversions of unsigned numbers either. Up to so many
// items the quotient of floats is off by one at most, division being off by two units in the last place too.
const exactItems = 2 ** 22;

/** The function `quotient(i, n)` for i below `items`. */
export const quotientFunction = (items: number): string =>
  items > exactItems
    ? '\nfn quotient(i: u32, n: u32) -> u32 { return i / n; }'
    : `
fn quotient(place: u32, size: u32) -> u32 {
  let i = bitcast<i32>(place);
  let n = bitcast<i32>(size);
  let q = i32(f32(i) * (1.0f / f32(n)));
  let rest = i - q * n;
  return bitcast<u32>(select(select(q, q + 1i, rest >= n), q - 1i, rest < 0i));
}`;
