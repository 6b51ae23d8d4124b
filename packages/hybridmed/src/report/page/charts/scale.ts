// Linear scales with round ticks, and number formats of charts.

/** Maps data to pixels along one axis. */
export interface Scale {
  readonly ticks: readonly number[];
  at(value: number): number;
}

/** About `count` round numbers in [low, high]. */
export function roundTicks(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(Number((i * step).toPrecision(12)));
  return ticks;
}

/** A scale from [low, high] to pixels [from, to]; equal ends are widened. */
export function linearScale([low, high]: readonly [number, number], [from, to]: readonly [number, number], count = 4): Scale {
  const room = high > low ? 0 : Math.abs(low) * 0.1 || 1;
  const [a, b] = [low - room, high + room];
  return { ticks: roundTicks(a, b, count), at: (value) => from + ((value - a) / (b - a)) * (to - from) };
}

/** A coordinate rounded to a tenth of a pixel, which keeps files small. */
export const pixel = (value: number): string => value.toFixed(1).replace(/\.0$/, '');

/** A number for a tick or a tooltip, with at most four significant digits. */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return 'undefined';
  if (Math.abs(value) >= 10_000) return `${Number((value / 1000).toPrecision(3))}k`;
  return String(Number(value.toPrecision(4)));
}
