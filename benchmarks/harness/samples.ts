// How often a case is run: a few samples, each longer than the resolution of the clock, within a time budget.

/** Minimum and maximum number of samples of a case. */
const [minSamples, maxSamples] = [3, 7];

/** Milliseconds of a run above which two samples are enough. */
const longRun = 3000;

/**
 * Milliseconds of one run in several samples that together take about `seconds`. `time` runs the work the given number of times and returns the
 * milliseconds in total. A first, unmeasured run warms up.
 * Work that takes over three seconds is run twice in all.
 */
export async function takeSamples(time: (times: number) => Promise<number>, seconds: number): Promise<number[]> {
  const warm = await time(1);
  // Compilation and caches are a small part of a long run: its first run counts.
  if (warm > longRun) return [warm, await time(1)];
  const one = Math.max(await time(1), 0.001);
  const budget = 1000 * seconds;
  const samples = Math.max(minSamples, Math.min(maxSamples, Math.floor(budget / one)));
  const times = Math.max(1, Math.min(2000, Math.round(budget / samples / one)));
  const measured = times === 1 ? [one] : [];
  while (measured.length < samples) measured.push((await time(times)) / times);
  return measured;
}
