// The sizes of the block that EfficientNets and their kin are made of.

/** An inverted residual: 1 x 1 to `inner` channels (absent: none, the input's own), depthwise, squeeze-and-excitation of `squeeze` channels (absent: none), 1 x 1 to `outputs`. */
export interface InvertedResidual {
  readonly kernel: number;
  readonly stride: number;
  readonly inner?: number;
  readonly squeeze?: number;
  readonly outputs: number;
}
