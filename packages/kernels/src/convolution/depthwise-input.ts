// The gradient of a depthwise convolution's images behind steps: a thread takes a strip of a row. Of the kernel's rows it visits those that
// meet the row; which columns of the kernel meet which pixel of a strip is known when the shader is written, as strips begin at whole steps.
import { shaderOf } from '../dispatch.ts';
import { longItems, perThread, range } from '../shader.ts';
import { stripLength } from './depthwise-weight.ts';
import type { ConvolutionProblem } from './problem.ts';

/** Pixels of a strip: about as many as without steps, and whole steps. */
export const inputStripLength = (step: number): number => step * Math.ceil(stripLength / step);

/** A tap of the kernel and a pixel of the strip that meet, and the column of dy where they do, from the strip's first on. */
interface Meeting {
  readonly pixel: number;
  readonly tap: number;
  readonly column: number;
}

function meetings(kernelWidth: number, step: number, paddingLeft: number): Meeting[] {
  return range(kernelWidth).flatMap((tap) =>
    range(inputStripLength(step))
      .filter((pixel) => (pixel + paddingLeft - tap) % step === 0)
      .map((pixel) => ({ pixel, tap, column: (pixel + paddingLeft - tap) / step })),
  );
}

/** Sums of a strip of dx. */
export function depthwiseInputShader({ weight: [, , kh, kw], stride: [, step], padding: [, left] }: ConvolutionProblem) {
  const sums = range(inputStripLength(step));
  const met = meetings(kw, step, left);
  const columns = [...new Set(met.map(({ column }) => column))].toSorted((a, b) => a - b);
  const value = (column: number) => `v${columns.indexOf(column)}`;
  const load = (column: number, k: number) =>
    `    let in${k} = u32(first + ${column}) < u32(W); let v${k} = select(0.0f, dy[u32(at + select(0, first + ${column}, in${k}))], in${k});`;
  const taps = range(kw).flatMap((q) => {
    const own = met.filter(({ tap }) => tap === q);
    const steps = own.map(({ pixel, column }) => `s${pixel} = fma(${value(column)}, w${q}, s${pixel});`);
    return own.length === 0 ? [] : [`    let w${q} = weight[line + ${q}u]; ${steps.join(' ')}`];
  });
  const body = `  let strip = i % parameters.strips; let row = (i / parameters.strips) % parameters.height; let plane = i / (parameters.strips * parameters.height);
  let o = plane % parameters.outputs;
  let H = i32(parameters.outHeight); let W = i32(parameters.outWidth); let sh = i32(parameters.strideDown);
  let bottom = i32(row + parameters.paddingTop); let first = i32(strip) * ${inputStripLength(step) / step};
${sums.map((t) => `  var s${t} = 0.0f;`).join('\n')}
  for (var p = bottom % sh; p < min(${kh}, bottom + 1); p += sh) {
    let r = (bottom - p) / sh;
    if (r >= H) { continue; }
    let at = (i32(plane) * H + r) * W; let line = (o * ${kh}u + u32(p)) * ${kw}u;
${columns.map(load).join('\n')}
${taps.join('\n')}
  }
  let to = (plane * parameters.height + row) * parameters.width + strip * ${sums.length}u;
  let count = parameters.width - strip * ${sums.length}u;
${sums.map((t) => `  ${t === 0 ? '' : `if (count > ${t}u) `}{ dx[to + ${t}u] = s${t}; }`).join('\n')}`;
  return shaderOf({ reads: { dy: 'f32', weight: 'f32' }, writes: { dx: 'f32' }, code: perThread('parameters.items', body, longItems) });
}
