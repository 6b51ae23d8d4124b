// The version of the variants: what was measured with another one says nothing of these.

/** Raised with every change of a variant's shader that may change its time, and of a shape class. */
export const variantsVersion = 4;
