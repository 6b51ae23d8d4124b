// Features of convolutional encoders.
import type { VisionFeatures } from '@hybridmed/nn';
import type { Tensor } from '@hybridmed/tensor';
import { ops } from '@hybridmed/tensor';

/** The last feature map (B, width, H, W) as tokens (B, H W, width), row by row, and their mean (B, width). */
export function featureMap(h: Tensor): VisionFeatures {
  const [batch, width, height, columns] = h.shape as [Tensor['shape'][number], number, number, number];
  const tokens = ops.transpose(ops.reshape(h, [batch, width, height * columns]), [0, 2, 1]);
  return { tokens, global: ops.mean(tokens, { axes: [1] }) };
}
