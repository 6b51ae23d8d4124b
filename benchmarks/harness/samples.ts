// How often a case is run: a few samples, each long enough to be told from the clock's grain, and none longer than it need be.

/** Least samples of a case, and most. */
const [fewest, most] = [3, 7];

/** Milliseconds from which two samples are enough. */
const long = 3000;

/**
 * Milliseconds of one run in several samples that together take about `seconds`. `time` runs the work so many times and gives the
 * milliseconds of the whole. A first, unmeasured run warms up.
 * Work that takes over three seconds is run twice in all.
 */
export async function takeSamples(time: (times: number) => Promise<number>, seconds: number): Promise<number[]> {
  const warm = await time(1);
  // What takes long is neither compiled nor cached away in that time: its first run counts.
  if (warm > long) return [warm, await time(1)];
  const one = Math.max(await time(1), 0.001);
  const budget = 1000 * seconds;
  const samples = Math.max(fewest, Math.min(most, Math.floor(budget / one)));
  const times = Math.max(1, Math.min(2000, Math.round(budget / samples / one)));
  const found = times === 1 ? [one] : [];
  while (found.length < samples) found.push((await time(times)) / times);
  return found;
}
