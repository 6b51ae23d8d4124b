// The portable device's kernels in the JavaScript subset that gpu.js compiles to GLSL, WASM or plain JavaScript. They are text,
// since gpu.js reads a kernel's source and bundlers rewrite functions.

/** C = A B for every matrix of a batch; startsA and startsB say where each one begins. */
export const matmul = `function (a, b, startsA, startsB, m, n, k, rowA, columnA, rowB, columnB) {
  const column = this.thread.x % n;
  const rest = Math.floor(this.thread.x / n);
  const row = rest % m;
  const batch = Math.floor(rest / m);
  const fromA = startsA[batch] + row * rowA;
  const fromB = startsB[batch] + column * columnB;
  let sum = 0;
  for (let p = 0; p < k; p++) { sum += a[fromA + p * columnA] * b[fromB + p * rowB]; }
  return sum;
}`;

/** Cross-correlation of x (B, C, H, W) with weight (O, E, kh, kw): each group of P outputs sees E channels of its own. */
export const conv2d = `function (x, w, C, H, W, O, E, P, kh, kw, oh, ow, sh, sw, ph, pw) {
  const s = this.thread.x % ow;
  const rest = Math.floor(this.thread.x / ow);
  const r = rest % oh;
  const o = Math.floor(rest / oh) % O;
  const b = Math.floor(rest / (oh * O));
  const first = b * C + Math.floor(o / P) * E;
  let sum = 0;
  for (let c = 0; c < E; c++) {
    for (let p = 0; p < kh; p++) {
      const row = r * sh + p - ph;
      if (row >= 0 && row < H) {
        for (let q = 0; q < kw; q++) {
          const column = s * sw + q - pw;
          if (column >= 0 && column < W) { sum += x[((first + c) * H + row) * W + column] * w[((o * E + c) * kh + p) * kw + q]; }
        }
      }
    }
  }
  return sum;
}`;

/** Sums of \`count\` neighbouring elements. */
export const sumRows = `function (x, count) {
  const start = this.thread.x * count;
  let sum = 0;
  for (let j = 0; j < count; j++) { sum += x[start + j]; }
  return sum;
}`;

/** Element-wise ops of arrays of one length, by op. */
export const elementwise = {
  add: 'function (a, b) { return a[this.thread.x] + b[this.thread.x]; }',
  sub: 'function (a, b) { return a[this.thread.x] - b[this.thread.x]; }',
  mul: 'function (a, b) { return a[this.thread.x] * b[this.thread.x]; }',
  div: 'function (a, b) { return a[this.thread.x] / b[this.thread.x]; }',
  exp: 'function (x) { return Math.exp(x[this.thread.x]); }',
  sqrt: 'function (x) { return Math.sqrt(x[this.thread.x]); }',
} as const;
