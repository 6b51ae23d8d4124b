// Several reads under way at once: while one waits for pages of memory or of the disk, another copies.

const atOnce = 4;

/** Does the work of every item, a few at a time, and returns the results in the items' order. Rejects with the first failure. */
export async function concurrently<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}
