// The frozen front of a vision encoder: what training leaves as it is from the images on, as a graph of its own, and the model that is trained on what it makes.
import type { EncoderLayer, VisionChain, VisionEncoder } from '@hybridmed/nn';
import { parameterSpecs, rootScope } from '@hybridmed/nn';
import type { Graph, HostArray, Tensor } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import type { Model } from '../model/model.ts';
import { batchSpecs } from './batch.ts';
import { areFrozen, namesUnder } from './frozen-names.ts';

/** What of a vision encoder is computed once for each image. */
export interface FrozenFront {
  /** How far it goes, in words: `all of vision` or `vision up to LAYER`. */
  readonly extent: string;
  /** `image` (B, ...), as the encoder reads it, and the front's parameters under the model's names -> `features` (B, ...shape), without dropout. */
  readonly graph: Graph;
  /** Shape of an image's features. */
  readonly shape: readonly number[];
  /** The model behind it: its encoder's frozen part is `run`, which makes the features of images (B, C, H, W). */
  rest(run: (images: HostArray) => Promise<HostArray>): Model;
}

const prefix = 'vision.';

/** A whole encoder's tokens (B, N, width) and vector (B, width) as one array (B, N + 1, width), and back. */
const pack = (tokens: Tensor, global: Tensor): Tensor => ops.concat([tokens, ops.reshape(global, [global.shape[0]!, 1, global.shape[1]!])], 1);

function unpacked({ tokenCount, width }: VisionEncoder, packed: Tensor): { readonly tokens: Tensor; readonly global: Tensor } {
  return { tokens: ops.narrow(packed, 1, 0, tokenCount), global: ops.reshape(ops.narrow(packed, 1, tokenCount, 1), [packed.shape[0]!, width]) };
}

/** The chain after its first `count` layers. */
const after = ({ layers, features }: VisionChain, count: number): VisionChain => ({ layers: layers.slice(count), features });

const callLayers = (layers: readonly EncoderLayer[], scope: Parameters<EncoderLayer['call']>[0], image: Tensor): Tensor =>
  layers.reduce((h, layer) => layer.call(scope, h), image);

/**
 * The frozen front of a model's vision encoder: all of it where training changes nothing in it, or the first layers of its chain whose
 * parameters and running statistics are all frozen; undefined where there is none. Where everything is frozen, features have no `importance`.
 */
export function frozenFront(model: Model): FrozenFront | undefined {
  const { vision, parameters } = model;
  const names = namesUnder(prefix, parameters);
  if (areFrozen(prefix, names, parameters)) {
    const whole = (image: Tensor, scope: Parameters<VisionEncoder['call']>[0]) => {
      const { tokens, global } = vision.call(scope, image);
      return pack(tokens, global);
    };
    return front(model, 'all of vision', names, whole, (_, packed) => unpacked(vision, packed));
  }
  const layers = vision.chain?.layers ?? [];
  const trained = layers.findIndex(({ parameters: own }) => !areFrozen(prefix, Object.keys(own), parameters));
  const count = trained < 0 ? layers.length : trained;
  if (count === 0) return undefined;
  const rest = after(vision.chain!, count);
  return front(
    model,
    `vision up to ${layers[count - 1]!.name}`,
    layers.slice(0, count).flatMap(({ parameters: own }) => Object.keys(own)),
    (image, scope) => callLayers(layers.slice(0, count), scope, image),
    (scope, h) => rest.features(scope, callLayers(rest.layers, scope, h)),
  );
}

function front(
  model: Model,
  extent: string,
  names: readonly string[],
  call: (image: Tensor, scope: Parameters<VisionEncoder['call']>[0]) => Tensor,
  callRest: VisionEncoder['call'],
): FrozenFront {
  const { vision } = model;
  const own = parameterSpecs(Object.fromEntries(names.map((name) => [prefix + name, model.parameters[prefix + name]!])));
  const graph = trace({ data: { image: batchSpecs(model).image }, state: own }, ({ image }, state) => ({
    results: { features: call(image!, rootScope(state).child('vision')) },
  }));
  const shape = graph.results['features']!.shape.slice(1) as readonly number[];
  const { partial: _partial, chain: _chain, ...others } = vision;
  return {
    extent,
    graph,
    shape,
    rest: (run) => ({ ...model, vision: { ...others, frozen: { shape, run }, call: callRest } }),
  };
}
