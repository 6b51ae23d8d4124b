// Smoothing of a square map: means over windows, three times along both axes, which is nearly a Gaussian.

/** Means over 2 r + 1 values, three times along both axes: a Gaussian of about r + 0.4. Windows are cut at the edges. */
export function smooth(values: Float64Array, side: number, radius: number): Float64Array {
  let now = values;
  for (let pass = 0; pass < 6; pass++) {
    const [step, across] = pass % 2 === 0 ? [1, side] : [side, 1];
    const next = new Float64Array(now.length);
    for (let line = 0; line < side; line++) {
      let sum = 0;
      const at = (i: number) => line * across + i * step;
      for (let i = 0; i < Math.min(radius, side); i++) sum += now[at(i)]!;
      for (let i = 0; i < side; i++) {
        if (i + radius < side) sum += now[at(i + radius)]!;
        if (i - radius - 1 >= 0) sum -= now[at(i - radius - 1)]!;
        next[at(i)] = sum / (Math.min(side - 1, i + radius) - Math.max(0, i - radius) + 1);
      }
    }
    now = next;
  }
  return now;
}
