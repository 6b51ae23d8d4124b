// Lowering of matrix products and convolutions.
import type { Lowering } from './lowering.ts';

const matmul: Lowering<'matmul'> = ({ b, name }, { inputs: [x, y], attributes: { transposeA, transposeB } }) => {
  const [transA, transB] = [Number(transposeA), Number(transposeB)];
  if (x!.shape.length === 2 && y!.shape.length === 2) return [b.node('Gemm', [name(x!), name(y!)], { transA, transB })];
  return [transA || transB ? b.node('ms:FusedMatMul', [name(x!), name(y!)], { transA, transB }) : b.node('MatMul', [name(x!), name(y!)])];
};

const conv2d: Lowering<'conv2d'> = ({ b, name }, { inputs: [x, weight], attributes: { stride, padding } }) => [
  b.node('Conv', [name(x!), name(weight!)], { strides: stride, pads: [...padding, ...padding] }),
];

const conv2dGradInput: Lowering<'conv2dGradInput'> = ({ b, name }, { inputs: [dy, weight], attributes: { stride, padding, size } }) => {
  // A strided convolution may ignore the last rows and columns of its input: their gradient is zero, which output_padding adds.
  const missing = [0, 1].map((axis) => (size[axis] as number) - (((dy!.shape[2 + axis] as number) - 1) * stride[axis]! + (weight!.shape[2 + axis] as number) - 2 * padding[axis]!));
  return [b.node('ConvTranspose', [name(dy!), name(weight!)], { strides: stride, pads: [...padding, ...padding], output_padding: missing })];
};

const conv2dGradWeight: Lowering<'conv2dGradWeight'> = ({ b, name }, { inputs: [x, dy], attributes: { stride, padding, kernel } }) => {
  // dW[o, c] = sum over b of x[b, c] * dy[b, o]: a convolution with the batch as channels and the stride as dilation.
  const swapped = (value: string) => b.node('Transpose', [value], { perm: [1, 0, 2, 3] });
  const full = b.node('Conv', [swapped(name(x!)), swapped(name(dy!))], { dilations: stride, pads: [...padding, ...padding] });
  const cut = b.node('Slice', [full, b.constant('i64', [0, 0]), b.constant('i64', kernel), b.constant('i64', [2, 3])]);
  return [swapped(cut)];
};

/** Rules of contractions. */
export const contractionLowering = { matmul, conv2d, conv2dGradInput, conv2dGradWeight };
