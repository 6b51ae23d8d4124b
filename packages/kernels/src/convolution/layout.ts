// Parameters of convolutions that read films in place of patches, their names in shaders, and where results go. They follow those of a product.
import { product } from '../kernel.ts';
import type { Epilogue } from '../matmul/problem.ts';
import { fixed } from '../matmul/tile.ts';
import { u } from '../shader.ts';
import type { Correlation } from './correlation.ts';
import { storer } from './epilogue.ts';
import type { ConvolutionProblem } from './problem.ts';
const p = (i: number): string => u(fixed + i);

/** Parameters of a correlation, named by `correlationNames`. */
export const correlationParameters = (one: Correlation): number[] => {
  const places = [product(one.places), one.places[1]];
  return [one.channels, ...one.size, ...places, ...one.taps, ...one.stride, ...one.padding, one.first, ...one.step, one.area];
};

/** Lines that name what a correlation's sums are made of. */
export const correlationNames = `  let C = ${p(0)}; let H = i32(${p(1)}); let W = i32(${p(2)}); let places = ${p(3)}; let wide = ${p(4)};
  let th = i32(${p(5)}); let tw = i32(${p(6)}); let sh = i32(${p(7)}); let sw = i32(${p(8)}); let ph = i32(${p(9)}); let pw = i32(${p(10)}); let area = u32(H * W);`;

/** Parameters of a correlation: those of what leaves with it come after. */
const correlationCount = 15;

/** The function `write(i, value)`: element i of the product, (channels, places of all films), where a correlation's result has it, after its epilogue. */
export const placedWriter = (epilogue: Epilogue | undefined): string => `${storer(epilogue, fixed + correlationCount)}
fn write(i: u32, v0: f32) {
  let m = ${u(1)}; let n = ${u(2)}; let places = ${p(3)}; let wide = ${p(4)};
  let channel = i / n; let film = (i % n) / places; let place = (i % n) % places;
  store(${p(11)} + (film * m + channel) * ${p(14)} + (place / wide) * ${p(12)} + (place % wide) * ${p(13)}, v0);
}`;

/** Parameters of a weight's gradient, named by `weightNames`. */
export const weightParameters = ({ x, weight, y, stride, padding }: ConvolutionProblem): number[] => [
  ...x.slice(1),
  ...weight.slice(2),
  ...y.slice(2),
  ...stride,
  ...padding,
];

/** Lines that name what the sums of a weight's gradient are made of. */
export const weightNames = `  let C = ${p(0)}; let H = i32(${p(1)}); let W = i32(${p(2)}); let kh = ${p(3)}; let kw = ${p(4)}; let oh = ${p(5)}; let ow = ${p(6)};
  let sh = i32(${p(7)}); let sw = i32(${p(8)}); let ph = i32(${p(9)}); let pw = i32(${p(10)});`;

/** The function `write(i, value)` for results that lie as the product does. */
export const denseWriter = '\nfn write(i: u32, v0: f32) { y[i] = v0; }';
