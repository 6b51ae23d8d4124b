// Times of gradients in engines whose autograd computes the forward pass again: the whole, less the forward pass alone.
import { median } from '../../harness/row.ts';

type Time = (times: number) => Promise<number>;

/** A gradient costs at least this share of the whole: what noise in the two times cannot take away. */
const least = 0.1;

/** The time of `whole` less that of `forward`, which is measured once. */
export function lessForward(whole: Time, forward: Time): Time {
  let one: number | undefined;
  return async (times) => {
    if (one === undefined) {
      await forward(1);
      one = median([await forward(1), await forward(1), await forward(1)]);
      const enough = Math.max(1, Math.min(100, Math.round(100 / one)));
      if (enough > 1) one = median([await forward(enough), await forward(enough), await forward(enough)]) / enough;
    }
    const all = await whole(times);
    return Math.max(all - times * one, least * all);
  };
}
