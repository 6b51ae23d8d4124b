// What a text loses when patches are left out of an image: occlusion among the encoder's tokens, where nothing has to be painted over.
import type { Model } from '@hybridmed/model';
import { parameterSpecs } from '@hybridmed/model/graphs';
import { rootScope } from '@hybridmed/nn';
import type { Device, DeviceState, Graph, HostArray, HostArrays } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import { pairSpecs, writtenLogOdds } from './log-odds.ts';
import type { PatchMap } from './maps.ts';

/** Makes a map of removal of one image (1, C, S, S) for two texts. */
export interface Removal {
  map(image: HostArray, pair: HostArrays): Promise<PatchMap>;
  release(): void;
}

/** image (1, C, S, S), shown (B, N) and two texts -> `odds` (B) of the image branch, for an encoder that can leave patches out. */
export function removalGraph(model: Model): Graph {
  const { size, channels } = model.vision.image;
  const data = {
    image: { shape: [1, channels, size, size], dtype: 'f32' },
    shown: { shape: ['B', model.vision.tokenCount], dtype: 'f32' },
    ...pairSpecs,
  } as const;
  return trace({ data, state: parameterSpecs(model, ['vision.', 'decoder.']) }, ({ image, shown, ...pair }, state) => {
    const scope = rootScope(state);
    const images = ops.broadcast(image!, [shown!.shape[0]!, channels, size, size]);
    const features = model.vision.partial!(scope.child('vision'), images, shown!);
    return { results: { odds: writtenLogOdds(model, scope, features, pair, shown!) } };
  });
}

// A window's side in patches: about a sixth of the image's, as large as a finding; neighbours overlap by half.
const windowsAcross = 6;

/** Windows over side x side patches as lists of the patches inside. */
export function removalWindows(side: number): number[][] {
  const width = Math.max(1, Math.round(side / windowsAcross));
  const step = Math.max(1, Math.floor(width / 2));
  const starts = Array.from({ length: Math.ceil((side - width) / step) + 1 }, (_, i) => Math.min(i * step, side - width));
  const inside = Array.from({ length: width }, (_, i) => i);
  return starts.flatMap((top) => starts.map((left) => inside.flatMap((y) => inside.map((x) => (top + y) * side + left + x))));
}

// Images of one batch: more need memory and save no time.
const batchSize = 32;

/** Compiles it on a device. The map: each patch's mean over the windows that hold it of the log-odds lost without the window, where they are lost. */
export async function openRemoval(device: Device, state: DeviceState, model: Model, side: number): Promise<Removal> {
  const program = await device.compile(removalGraph(model));
  const windows = removalWindows(side);
  const patches = side * side;
  return {
    async map(image, pair) {
      // The first row is the whole image.
      const rows = [[], ...windows];
      const odds: number[] = [];
      for (let start = 0; start < rows.length; start += batchSize) {
        const batch = rows.slice(start, start + batchSize);
        const shown = new Float32Array(batch.length * patches).fill(1);
        batch.forEach((removed, row) => removed.forEach((patch) => (shown[row * patches + patch] = 0)));
        const results = await program.run({ ...pair, image, shown: { data: shown, shape: [batch.length, patches] } }, state);
        odds.push(...results['odds']!.data);
      }
      const [loss, count] = [new Float64Array(patches), new Float64Array(patches)];
      windows.forEach((window, i) => {
        for (const patch of window) {
          loss[patch]! += odds[0]! - odds[i + 1]!;
          count[patch]!++;
        }
      });
      return { side, values: loss.map((sum, patch) => Math.max(0, sum / count[patch]!)) };
    },
    release: () => program.release?.(),
  };
}
