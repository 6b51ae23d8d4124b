// Parameters of convolutions that read images in place of patches, short names for them in shaders, and where results go. They follow those
// of a product.
import { sizeOf } from '../kernel.ts';
import type { Epilogue } from '../matmul/problem.ts';
import type { Correlation } from './correlation.ts';
import { storer } from './epilogue.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Parameters of a correlation. */
export function correlationParameters({ channels, size, places, taps, stride, padding, first, step, area }: Correlation) {
  return {
    channels,
    height: size[0],
    width: size[1],
    places: sizeOf(places),
    placesAcross: places[1],
    tapsDown: taps[0],
    tapsAcross: taps[1],
    strideDown: stride[0],
    strideAcross: stride[1],
    paddingTop: padding[0],
    paddingLeft: padding[1],
    firstResult: first,
    stepDown: step[0],
    stepAcross: step[1],
    resultArea: area,
  };
}

const strideNames = `let sh = i32(parameters.strideDown); let sw = i32(parameters.strideAcross); let ph = i32(parameters.paddingTop); let pw = i32(parameters.paddingLeft);`;

/** Lines that name what a correlation's sums are made of. */
export const correlationNames = `  let C = parameters.channels; let H = i32(parameters.height); let W = i32(parameters.width); let places = parameters.places; let wide = parameters.placesAcross;
  let th = i32(parameters.tapsDown); let tw = i32(parameters.tapsAcross); ${strideNames} let area = u32(H * W);`;

/** The function `write(i, value)`: element i of the product, (channels, places of all images), where a correlation's result has it, after its epilogue. */
export const placedWriter = (epilogue: Epilogue | undefined): string => `${storer(epilogue)}
fn write(i: u32, v0: f32) {
  let m = parameters.m; let n = parameters.n; let places = parameters.places; let wide = parameters.placesAcross;
  let channel = i / n; let image = (i % n) / places; let place = (i % n) % places;
  store(parameters.firstResult + (image * m + channel) * parameters.resultArea + (place / wide) * parameters.stepDown + (place % wide) * parameters.stepAcross, v0);
}`;

/** Parameters of a weight's gradient. */
export const weightParameters = ({ x, weight, y, stride, padding }: ConvolutionProblem) => ({
  channels: x[1],
  height: x[2],
  width: x[3],
  kernelHeight: weight[2],
  kernelWidth: weight[3],
  outHeight: y[2],
  outWidth: y[3],
  strideDown: stride[0],
  strideAcross: stride[1],
  paddingTop: padding[0],
  paddingLeft: padding[1],
});

/** Lines that name what the sums of a weight's gradient are made of. */
export const weightNames = `  let C = parameters.channels; let H = i32(parameters.height); let W = i32(parameters.width); let kh = parameters.kernelHeight; let kw = parameters.kernelWidth; let oh = parameters.outHeight; let ow = parameters.outWidth;
  ${strideNames}`;

/** The function `write(i, value)` for results that lie as the product does. */
export const denseWriter = '\nfn write(i: u32, v0: f32) { y[i] = v0; }';
