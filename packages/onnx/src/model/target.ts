// What a lowering is for: the CPU device, or a file that runs anywhere.
import type { HostArrays } from '@hybridmed/tensor';

/** How weights are stored, and what matrix products with them are computed in; all else is f32. */
export type Precision = 'f32' | 'f16' | 'int8';

/** What a lowering is for. */
export interface Target {
  /** Only operators of the ONNX standard; otherwise ONNX Runtime's own where they are faster. */
  readonly standard: boolean;
  readonly opset: number;
  readonly precision: Precision;
  /** Inputs that become constants of the model. */
  readonly parameters: HostArrays;
}

/** The CPU device's own use. */
export const cpuTarget: Target = { standard: false, opset: 20, precision: 'f32', parameters: {} };
