// Times of gradients in engines whose autograd repeats the forward pass: the total minus the forward pass alone.

type Time = (times: number) => Promise<number>;

/** Minimum fraction of the total that a gradient counts for, whatever the noise in the two times. */
const minFraction = 0.1;

/** The time of `whole` minus that of `forward`, measured one after the other, so that both see the same load of the machine. */
export function subtractForward(whole: Time, forward: Time): Time {
  return async (times) => {
    const forwardTime = await forward(times);
    const total = await whole(times);
    return Math.max(total - forwardTime, minFraction * total);
  };
}
