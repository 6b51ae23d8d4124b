// An array outside a device, structurally that of the tensor package, which this package does not need.

/** A typed array with its shape, row-major. */
export interface HostArray {
  readonly data: Float32Array | Float64Array | Int32Array;
  readonly shape: readonly number[];
}
