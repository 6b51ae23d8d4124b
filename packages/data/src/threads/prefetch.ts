// Results in order, the next ones in flight while one is used.

/** What to make, and how far ahead. */
export interface PrefetchOptions<Made, Taken> {
  readonly from?: number;
  readonly to: number;
  /** Results in flight at once. */
  readonly ahead: number;
  /** Whether the next one is started before a result is handed over (by default), or only when that has been used. */
  readonly early?: boolean;
  make(index: number): Promise<Made>;
  /** Takes a result before the next one is started. */
  take(made: Made): Taken;
  /** Called with each result that nobody takes, since the caller left early. */
  discard?(made: Made): void;
}

/** Yields the results of `from` (0) to `to`. Throws what making a result throws, when its turn comes. */
export async function* prefetch<Made, Taken>(options: PrefetchOptions<Made, Taken>): AsyncGenerator<Taken> {
  const { from = 0, to, ahead, early = true, make, take, discard = () => undefined } = options;
  const inFlight: Promise<Made>[] = [];
  const start = (index: number) => {
    if (index >= to) return;
    const result = make(index);
    // Whoever takes the result sees its error; one that nobody takes must not end the process.
    result.catch(() => undefined);
    inFlight.push(result);
  };
  try {
    for (let index = from; index < from + ahead; index++) start(index);
    for (let index = from; index < to; index++) {
      const taken = take(await inFlight.shift()!);
      if (early) start(index + ahead);
      yield taken;
      if (!early) start(index + ahead);
    }
  } finally {
    for (const result of inFlight) result.then(discard, () => undefined);
  }
}
