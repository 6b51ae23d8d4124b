// How values are stored: what every pass of a plan may ask. Which values mixed precision keeps as f16, `precision.ts` decides.
import type { Node, Tensor } from '@hybridmed/tensor';

/** How values are stored. */
export interface Storage {
  /** Whether a tensor's array holds f16. */
  half(tensor: Tensor): boolean;
  /** Whether a product, or a loss whose logits are products, may round operands to f16 on their way in. */
  rounds(node: Node): boolean;
}

/** Everything as f32. */
export const fullPrecision: Storage = { half: () => false, rounds: () => false };
