// Checks that a study's features are its own: neither the rest of the batch nor what is masked changes them.
import type { TextEncoder } from '@hybridmed/nn';
import type { HostArray, HostArrays } from '@hybridmed/tensor';
import type { EncoderUnderTest, Features, ReportProblem } from './encoder-under-test.ts';

// Sums in another order differ by less than this fraction of the largest value in float64.
const tolerance = 1e-9;

/** Max difference of the first `count` values of each row, relative to the largest value. */
function maxDifference(a: HostArray, b: HostArray, rows: number, count: number): number {
  const [strideA, strideB] = [a.data.length / a.shape[0]!, b.data.length / b.shape[0]!];
  let [difference, scale] = [0, 0];
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < count; i++) {
      const [left, right] = [a.data[row * strideA + i]!, b.data[row * strideB + i]!];
      difference = Math.max(difference, Math.abs(left - right));
      scale = Math.max(scale, Math.abs(left));
    }
  return difference / (scale || 1);
}

const perStudy = ({ data, shape }: HostArray): number => data.length / shape[0]!;

/** Each study alone has the features that it has among others, in evaluation mode. */
export async function checkIndependence({ run, inputs }: EncoderUnderTest, report: ReportProblem): Promise<string> {
  const [alone, among] = [await run(await inputs(1)), await run(await inputs(3))];
  for (const [feature, value] of Object.entries(alone)) {
    const error = maxDifference(value, among[feature]!, 1, perStudy(value));
    if (error > tolerance) report('independence', `"${feature}" of a study changes by ${error.toExponential(0)} with the other studies of its batch`);
  }
  return 'batches of 1 and 3';
}

/** The same texts with masked tokens after them, of any id. */
function padded(texts: HostArrays, extra: number, vocabulary: number): HostArrays {
  const [studies, length] = texts.ids!.shape as [number, number];
  const [ids, mask] = [new Int32Array(studies * (length + extra)), new Float64Array(studies * (length + extra))];
  for (let row = 0; row < studies; row++)
    for (let i = 0; i < length + extra; i++) {
      ids[row * (length + extra) + i] = i < length ? texts.ids!.data[row * length + i]! : (17 * (i + 1) + row) % vocabulary;
      mask[row * (length + extra) + i] = i < length ? 1 : 0;
    }
  const shape = [studies, length + extra];
  return { ids: { data: ids, shape }, mask: { data: mask, shape } };
}

/** Masked tokens change neither the real tokens' vectors, nor `global`, nor `importance`. */
export async function checkPadding({ run, inputs, encoder }: EncoderUnderTest, report: ReportProblem): Promise<string> {
  const { maxTokens, vocabulary } = encoder as TextEncoder;
  const extra = Math.min(5, Math.max(1, maxTokens - 2));
  const length = Math.max(1, Math.min(6, maxTokens - extra));
  const bare = await inputs(2, length);
  const [before, after]: [Features, Features] = [await run(bare), await run(padded(bare, extra, vocabulary))];
  for (const [feature, value] of Object.entries(before)) {
    const error = maxDifference(value, after[feature]!, 2, perStudy(value));
    if (error > tolerance) report('padding', `"${feature}" changes by ${error.toExponential(0)} with masked tokens after the text`);
  }
  return `${length} tokens with ${extra} masked after them`;
}
