// Means, which every metric of a corpus ends in.

/** The mean of some numbers; NaN of none. */
export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean of the values at some indices. */
export const meanAt = (values: readonly number[], indices: Int32Array): number => indices.reduce((sum, i) => sum + values[i]!, 0) / indices.length;
