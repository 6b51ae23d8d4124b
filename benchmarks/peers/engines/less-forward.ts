// Times of gradients in engines whose autograd computes the forward pass again: the whole, less the forward pass alone.

type Time = (times: number) => Promise<number>;

/** A gradient costs at least this share of the whole: what noise in the two times cannot take away. */
const least = 0.1;

/** The time of `whole` less that of `forward`, measured one after the other, so that both meet the same machine. */
export function lessForward(whole: Time, forward: Time): Time {
  return async (times) => {
    const before = await forward(times);
    const all = await whole(times);
    return Math.max(all - before, least * all);
  };
}
