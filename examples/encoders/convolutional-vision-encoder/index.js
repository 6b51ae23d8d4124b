// A vision encoder of three strided convolutions: each halves the side, so that an image of 8 n x 8 n pixels gives n x n tokens.
import { collect, linear, relu } from '@hybridmed/nn';
import { ops } from '@hybridmed/tensor';

const widths = [16, 32, 48];

/** @type {import('hybridmed/encoders').CreateVisionEncoder} */
export function createVisionEncoder({ size, channels }) {
  const side = Math.ceil(size / 8);
  const width = 48;
  const head = linear({ inputs: widths[2], outputs: width });
  const kernels = Object.fromEntries(
    widths.map((outputs, i) => [`conv${i + 1}`, { shape: [outputs, i === 0 ? channels : widths[i - 1], 3, 3], init: { kind: 'heFanOut' } }]),
  );
  return {
    width,
    tokenCount: side * side,
    image: { size, channels },
    parameters: collect({ head }, kernels),
    call(scope, image) {
      let h = image;
      for (const name of Object.keys(kernels)) h = relu(ops.conv2d(h, scope.get(name), { stride: [2, 2], padding: [1, 1] }));
      // (B, C, side, side) -> (B, side * side, C)
      const cells = ops.transpose(ops.reshape(h, [image.shape[0], widths[2], side * side]), [0, 2, 1]);
      const tokens = head.call(scope.child('head'), cells);
      return { tokens, global: ops.mean(tokens, { axes: [1] }) };
    },
  };
}
