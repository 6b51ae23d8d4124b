// How often a case is run: a few samples, each long enough to be told from the clock's grain, and none longer than it need be.

/** Least samples of a case, and most. */
const [fewest, most] = [3, 7];

/**
 * Milliseconds of one run in several samples that together take about `seconds`. `time` runs the work so many times and gives the
 * milliseconds of the whole. A first, unmeasured run warms up.
 */
export async function takeSamples(time: (times: number) => Promise<number>, seconds: number): Promise<number[]> {
  await time(1);
  const one = Math.max(await time(1), 0.001);
  const budget = 1000 * seconds;
  const samples = Math.max(fewest, Math.min(most, Math.floor(budget / one)));
  const times = Math.max(1, Math.min(2000, Math.round(budget / samples / one)));
  const found = times === 1 ? [one] : [];
  while (found.length < samples) found.push((await time(times)) / times);
  return found;
}
