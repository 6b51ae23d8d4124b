// Rules of matrix products and convolutions.
import type { Dim, Node, Tensor } from '@hybridmed/tensor';
import { dimProduct } from '@hybridmed/tensor';
import { elementTypes } from '../model/proto.ts';
import type { LoweringContext, Rule } from './rule.ts';
import { reshapeTo } from './movement.ts';
import { matrixProduct, stackedProduct } from './product.ts';

const matmul: Rule<'matmul'> = (context, { inputs: [x, y], attributes: { transposeA: transA, transposeB: transB } }) => {
  const [left, right] = [context.name(x!), context.name(y!)];
  const ranks = [x!.shape.length, y!.shape.length];
  if (ranks.every((rank) => rank === 2)) return [matrixProduct(context, left, right, { transA, transB })];
  return [stackedProduct(context, left, right, Math.max(...ranks), { transA, transB })];
};

const conv2d: Rule<'conv2d'> = (context, node) => {
  const { b, name, target, weights } = context;
  const {
    inputs: [x, weight],
    attributes: { stride, padding, groups },
  } = node;
  // A file leaves the near ties to whoever runs it: nobody takes a gradient through it.
  if (isStem(node) && !target.standard) return [stemConvolution(context, node)];
  const attributes = { strides: stride, pads: padding, group: groups };
  const half = weights.half(name(weight!));
  if (half !== undefined) {
    const narrow = b.node('Conv', [b.node('Cast', [name(x!)], { to: elementTypes.f16 }), half], attributes);
    return [b.node('Cast', [narrow], { to: elementTypes.f32 })];
  }
  const quantized = weights.quantized(name(weight!));
  const kernel = quantized ? b.node('DequantizeLinear', [quantized.values, quantized.scales], { axis: 0 }) : name(weight!);
  return [b.node('Conv', [name(x!), kernel], attributes)];
};

/** Max channels of an image. */
const imageChannels = 4;

/** A convolution of overlapping windows over an image, the first layer of a convolutional network. */
function isStem({ inputs: [x, weight], attributes: { stride, groups } }: Node<'conv2d'>): boolean {
  const [, channels, height, width] = weight!.shape as [number, number, number, number];
  return groups === 1 && channels <= imageChannels && (height > stride[0] || width > stride[1]) && x!.shape.slice(2).every((dim) => dim !== 0);
}

/**
 * The stem in float64. Neighbouring pixels make near ties in the max-pooling that follows, and float32 sums of ONNX Runtime's Conv,
 * 2e-6 off, let the wrong one win: the gradient then takes another path. With few channels the cost is a few percent of the network's.
 */
function stemConvolution(context: LoweringContext, { inputs: [x, weight], outputs: [out], attributes: { stride, padding } }: Node<'conv2d'>): string {
  const { b, name } = context;
  const [outputs, channels, rows, columns] = weight!.shape as [number, number, number, number];
  const [batch, , height, width] = out!.shape as [Dim, number, number, number];
  const padded = b.node('Pad', [name(x!), b.constant('i64', [0, 0, padding[0], padding[1], 0, 0, padding[2], padding[3]])]);
  const window = (row: number, column: number): string => {
    const ends = [row + (height - 1) * stride[0] + 1, column + (width - 1) * stride[1] + 1];
    return b.node('Slice', [padded, b.constant('i64', [row, column]), b.constant('i64', ends), b.constant('i64', [2, 3]), b.constant('i64', stride)]);
  };
  const windows = Array.from({ length: rows * columns }, (_, i) => window(Math.floor(i / columns), i % columns));
  const double = (value: string): string => b.node('Cast', [value], { to: elementTypes.f64 });
  const size = rows * columns * channels;
  const patches = reshapeTo(context, b.node('Concat', windows, { axis: 1 }), [batch, size, height, width], [batch, size, height * width]);
  const kernel = b.node('Transpose', [name(weight!)], { perm: [0, 2, 3, 1] });
  const flat = reshapeTo(context, kernel, [outputs, rows, columns, channels], [outputs, size]);
  const product = b.node('Cast', [b.node('MatMul', [double(flat), double(patches)])], { to: elementTypes.f32 });
  return reshapeTo(context, product, [batch, outputs, height * width], [batch, outputs, height, width]);
}

const conv2dGradInput: Rule<'conv2dGradInput'> = (context, node) => {
  const { b, name } = context;
  const {
    inputs: [dy, weight],
    attributes: { stride, padding, size, groups },
  } = node;
  if (isDepthwise(node))
    return [
      b.node('Conv', [name(dy!), turned(context, weight!)], {
        pads: padding.map((zeros, i) => (weight!.shape[2 + (i % 2)] as number) - 1 - zeros),
        group: groups,
      }),
    ];
  // A strided convolution may ignore the last rows and columns of its input: their gradient is zero, which output_padding adds.
  const missing = [0, 1].map((axis) => {
    const covered = ((dy!.shape[2 + axis] as number) - 1) * stride[axis]! + (weight!.shape[2 + axis] as number);
    return (size[axis] as number) - (covered - padding[axis]! - padding[2 + axis]!);
  });
  return [b.node('ConvTranspose', [name(dy!), name(weight!)], { strides: stride, pads: padding, output_padding: missing, group: groups })];
};

const conv2dGradWeight: Rule<'conv2dGradWeight'> = (context, { inputs: [x, dy], attributes: { stride, padding, kernel, groups } }) => {
  const { b, name } = context;
  // dW[o, c] = sum over b of x[b, c] * dy[b, o]: a convolution with the batch as channels and the stride as dilation.
  const swapped = (value: string) => b.node('Transpose', [value], { perm: [1, 0, 2, 3] });
  const images = groups === 1 ? swapped(name(x!)) : byGroup(context, x!, groups);
  const full = b.node('Conv', [images, swapped(name(dy!))], { dilations: stride, pads: padding, group: groups });
  const cut = b.node('Slice', [full, b.constant('i64', [0, 0]), b.constant('i64', kernel), b.constant('i64', [2, 3])]);
  return [swapped(cut)];
};

/** Whether the gradient of the images is such a convolution itself: depthwise, without steps. ONNX Runtime computes it many times faster than a transposed one. */
function isDepthwise({ inputs: [, weight], attributes: { stride, padding, groups } }: Node<'conv2dGradInput'>): boolean {
  const [outputs, each, ...kernel] = weight!.shape as number[];
  const covers = kernel.every((side, axis) => padding[axis]! < side && padding[2 + axis]! < side);
  return each === 1 && groups > 1 && outputs === groups && stride.every((step) => step === 1) && covers;
}

/** A kernel turned around: its last row first, of each row the last element first. */
function turned({ b, name }: LoweringContext, weight: Tensor): string {
  const sizes = weight.shape.slice(2) as number[];
  const vector = (values: readonly number[]) => b.constant('i64', values);
  return b.node('Slice', [name(weight), vector(sizes.map((size) => size - 1)), vector(sizes.map((size) => -size - 1)), vector([2, 3]), vector([-1, -1])]);
}

/** Images (B, groups * E, H, W) as (E, groups * B, H, W): each group's images are the channels that its convolution sums over. */
function byGroup(context: LoweringContext, x: Tensor, groups: number): string {
  const [batch, channels, height, width] = x.shape as [Dim, number, number, number];
  const each = channels / groups;
  const parts = reshapeTo(context, context.name(x), x.shape, [batch, groups, each, height, width]);
  const moved = context.b.node('Transpose', [parts], { perm: [2, 1, 0, 3, 4] });
  return reshapeTo(context, moved, [each, groups, batch, height, width], [each, dimProduct([groups, batch]), height, width]);
}

/** Rules of contractions. */
export const contractions = { matmul, conv2d, conv2dGradInput, conv2dGradWeight };
