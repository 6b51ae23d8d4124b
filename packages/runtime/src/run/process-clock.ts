// Time and memory of this process.
import type { Clock } from '@hybridmed/training';

/** The clock of a Node process. */
export const processClock: Clock = {
  now: () => performance.now(),
  residentMiB: () => Math.round(process.memoryUsage.rss() / 2 ** 20),
};
