// Gradients with respect to pixels: where an image would have to change for its text to change.
import type { Model } from '@hybridmed/model';
import { batchSpecs, partSpecs } from '@hybridmed/model/graphs';
import type { TracedModel } from '@hybridmed/model/session';
import { rootScope } from '@hybridmed/nn';
import type { Graph, HostArray, Program } from '@hybridmed/tensor';
import { grad, ops, trace } from '@hybridmed/tensor';
import type { TextPair } from './log-odds.ts';
import { alignedLogOdds, pairArrays, pairSpecs, writtenLogOdds } from './log-odds.ts';
import type { PatchMap } from './maps.ts';

/** Makes a map of gradients of one image (1, C, S, S) for two texts. */
export interface Gradient {
  map(image: HostArray, pair: TextPair): Promise<PatchMap>;
  release(): void;
}

/** image (B, C, S, S) and two texts -> `gradient` (B, C, S, S) of the sum of both log-odds, the alignment's and the image branch's. */
export function logOddsGradientGraph(model: Model): Graph {
  const data = { image: batchSpecs(model).image, ...pairSpecs };
  return trace({ data, state: partSpecs(model, ['vision.', 'text.', 'align.', 'decoder.']) }, ({ image, ...pair }, state) => {
    const scope = rootScope(state);
    const features = model.vision.call(scope.child('vision'), image!);
    const odds = ops.sum(ops.add(alignedLogOdds(model, scope, features, pair), writtenLogOdds(model, scope, features, pair)));
    return { results: { gradient: grad(odds, [image!])[0]! } };
  });
}

// Points on the path from an evenly grey image to the image [Sundararajan et al. 2017]: more change the map little.
const points = 12;

/** Prepares it; the program is compiled when it is first needed. The map: the mean magnitude of the gradient on the path from an evenly grey image to the image, over channels, a value a pixel. */
export function openGradient({ device, checkpoint, state }: TracedModel): Gradient {
  let program: Promise<Program> | undefined;
  return {
    async map(image, pair) {
      program ??= device.compile(logOddsGradientGraph(checkpoint.model));
      const [, channels, side] = image.shape as [number, number, number, number];
      const size = image.data.length;
      const mean = (image.data as Float32Array).reduce((sum, value) => sum + value, 0) / size;
      const path = new Float32Array(points * size);
      for (let point = 0; point < points; point++) {
        const fraction = (point + 0.5) / points;
        for (let i = 0; i < size; i++) path[point * size + i] = mean + fraction * (image.data[i]! - mean);
      }
      const { gradient } = await (await program).run({ ...pairArrays(pair), image: { data: path, shape: [points, ...image.shape.slice(1)] } }, state());
      const values = new Float64Array(side * side);
      for (let i = 0; i < points * size; i++) values[i % (side * side)]! += Math.abs(gradient!.data[i]!) / (points * channels);
      return { side, values };
    },
    release: () => void program?.then((compiled) => compiled.release?.()).catch(() => undefined),
  };
}
