// Activations of small convolutional networks, of primitives: every device runs them, and joins them to what comes before.
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';
import { relu, sigmoid, silu } from '../functional.ts';

/** x cut to 0 to 6. */
export const relu6 = (x: Tensor): Tensor => ops.neg(ops.maximum(ops.neg(relu(x)), -6));

/** relu6(x + 3) / 6 [Howard et al. 2019]. */
export const hardSigmoid = (x: Tensor): Tensor => ops.mul(relu6(ops.add(x, 3)), 1 / 6);

/** x relu6(x + 3) / 6 [Howard et al. 2019]. */
export const hardSwish = (x: Tensor): Tensor => ops.mul(x, hardSigmoid(x));

/** Activations by the names that configurations have for them. */
export const activations = { relu, relu6, silu, hardSwish, sigmoid, hardSigmoid } as const;

/** Name of an activation. */
export type Activation = keyof typeof activations;
