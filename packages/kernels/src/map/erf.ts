// The error function on the host.

/** erf by its Maclaurin series and, further out, the continued fraction of erfc. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t < 3) {
    let [term, sum] = [t, t];
    for (let n = 1; n < 80; n++) {
      term *= (-t * t) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (t + fraction);
  return Math.sign(x) * (1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction));
}
