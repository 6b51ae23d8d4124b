// Where a film would have to change for its likeness to a text to change: gradients with respect to pixels.
import { normalize, rootScope } from '@hybridmed/nn';
import type { Device, DeviceState, Graph, HostArray, TensorSpec } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import { parameterSpecs } from '../features/graphs.ts';
import type { Model } from '../model/model.ts';
import { batchSpecs } from '../stages/batch.ts';
import type { PatchMap } from './explainer.ts';

const one = (length: string, dtype: TensorSpec['dtype']): TensorSpec => ({ shape: [1, length], dtype });

/** image (B, C, H, W); text, against and their masks (1, Y), (1, Z) -> `gradient` (B, C, H, W) of the image's cosine to the text less that to `against`. */
export function likenessGradientGraph(model: Model): Graph {
  const data = { image: batchSpecs(model).image, text: one('Y', 'i32'), text_mask: one('Y', 'f32'), against: one('Z', 'i32'), against_mask: one('Z', 'f32') };
  return trace({ data, state: parameterSpecs(model, ['vision.', 'text.', 'align.']) }, (inputs, state) => {
    const scope = rootScope(state);
    const align = scope.child('align');
    const seen = normalize(model.align.projectImage(align, model.vision.call(scope.child('vision'), inputs.image!)));
    const direction = (ids: 'text' | 'against') =>
      normalize(model.align.projectText(align, model.text.call(scope.child('text'), inputs[ids]!, inputs[`${ids}_mask`]!)));
    const likeness = ops.sum(ops.mul(seen, ops.sub(direction('text'), direction('against'))));
    return { results: { gradient: grad(likeness, [inputs.image!])[0]! } };
  });
}

// A side holds so many radii of the smoothing: a finding is larger than that.
const smoothness = 20;

// Points on the way from a grey film to the film [Sundararajan et al. 2017]: more change the map little.
const points = 12;

/** Means over a window of 2 r + 1, three times along both axes: nearly a Gaussian. Windows are cut at the edges. */
function smooth(values: Float64Array, side: number, radius: number): Float64Array {
  let now = values;
  for (let pass = 0; pass < 6; pass++) {
    const [step, across] = pass % 2 === 0 ? [1, side] : [side, 1];
    const next = new Float64Array(now.length);
    for (let line = 0; line < side; line++) {
      let sum = 0;
      const at = (i: number) => line * across + i * step;
      for (let i = 0; i < Math.min(radius, side); i++) sum += now[at(i)]!;
      for (let i = 0; i < side; i++) {
        if (i + radius < side) sum += now[at(i + radius)]!;
        if (i - radius - 1 >= 0) sum -= now[at(i - radius - 1)]!;
        next[at(i)] = sum / (Math.min(side - 1, i + radius) - Math.max(0, i - radius) + 1);
      }
    }
    now = next;
  }
  return now;
}

/**
 * The mean size of the gradient on the way from an evenly grey film to the film, over channels, smoothed over about a tenth of the film's side: a map of
 * pixels, side x side. `image` is (1, C, S, S); `texts` are the ids and masks that `likenessGradientGraph` reads.
 */
export async function gradientMap(
  run: (data: Record<string, HostArray>) => Promise<Record<string, HostArray>>,
  image: HostArray,
  texts: Readonly<Record<'text' | 'text_mask' | 'against' | 'against_mask', HostArray>>,
): Promise<PatchMap> {
  const [, channels, side] = image.shape as [number, number, number, number];
  const size = image.data.length;
  const mean = (image.data as Float32Array).reduce((sum, value) => sum + value, 0) / size;
  const path = new Float32Array(points * size);
  for (let point = 0; point < points; point++) {
    const share = (point + 0.5) / points;
    for (let i = 0; i < size; i++) path[point * size + i] = mean + share * (image.data[i]! - mean);
  }
  const { gradient } = await run({ ...texts, image: { data: path, shape: [points, ...image.shape.slice(1)] } });
  const sizes = new Float64Array(side * side);
  for (let i = 0; i < points * size; i++) sizes[i % (side * side)]! += Math.abs(gradient!.data[i]!) / (points * channels);
  return { side, values: smooth(sizes, side, Math.max(1, Math.round(side / smoothness))) };
}

/** Compiles the gradient on a device. */
export async function openGradient(
  device: Device,
  state: DeviceState,
  model: Model,
): Promise<{ run(data: Record<string, HostArray>): Promise<Record<string, HostArray>>; release(): void }> {
  const program = await device.compile(likenessGradientGraph(model));
  return { run: (data) => program.run(data, state), release: () => program.release?.() };
}
