// Losses of any text given an image whose memory is computed once: what shuffles of images and candidate sentences need, on a device or by exported graphs.
import type { Model } from '@hybridmed/model';
import { batchSpecs, floatSpecs, throughFrozen } from '@hybridmed/model/graphs';
import { rootScope } from '@hybridmed/nn';
import type { Device, DeviceState, Graph, HostArray, HostArrays } from '@hybridmed/tensor';
import { ops, trace } from '@hybridmed/tensor';
import { sumByStudy } from './study-losses.ts';

/** Texts as the decoder is taught them, (B, T) each: input, target and target_mask. */
export type Targets = Readonly<Record<'input' | 'target' | 'target_mask', HostArray>>;

/** The image branch in its two halves. */
export interface ImageDecoder {
  /** Images (B, C, H, W) -> what the decoder reads of them, (B, S, D). */
  memory(image: HostArray): Promise<HostArray>;
  /** Nats and number of target tokens of each text (B), given the memories (B, S, D). */
  losses(memory: HostArray, targets: Targets): Promise<Readonly<Record<'nats' | 'tokens', HostArray>>>;
  release(): void;
}

const parametersOf = ({ parameters }: Model, part: string) =>
  floatSpecs(Object.fromEntries(Object.entries(parameters).filter(([name]) => name.startsWith(part))));

const imageMemoryGraph = (model: Model): Graph =>
  trace({ data: { image: batchSpecs(model).image }, state: parametersOf(model, 'vision.') }, ({ image }, state) => ({
    results: { memory: model.vision.call(rootScope(state).child('vision'), image!).tokens },
  }));

/** Losses of texts by study from memories: results `nats` and `tokens`, (B) each. */
function memoryLossGraph(model: Model): Graph {
  const { input, target, target_mask: mask } = batchSpecs(model);
  const memory = { shape: ['B', 'S', model.vision.width], dtype: 'f32' } as const;
  return trace({ data: { memory, input, target, target_mask: mask }, state: parametersOf(model, 'decoder.') }, (data, state) => {
    const scope = rootScope(state).child('decoder');
    const head = model.decoder.head(scope, model.decoder.hidden(scope, 'image', data.input!, data.memory!));
    const { crossEntropy } = ops.vocabularyLoss({ ...head, target: data.target! });
    return { results: sumByStudy(crossEntropy, data.target_mask!) };
  });
}

type Losses = Awaited<ReturnType<ImageDecoder['losses']>>;

/** The image branch of a model whose parameters are in a state. */
export async function deviceImageDecoder(device: Device, state: DeviceState, model: Model): Promise<ImageDecoder> {
  const [encode, decode] = [await device.compile(imageMemoryGraph(model)), await device.compile(memoryLossGraph(model))];
  return {
    memory: async (image) => (await encode.run({ image: await throughFrozen(model.vision, image) }, state)).memory!,
    losses: async (memory, targets) => (await decode.run({ memory, ...targets }, state)) as Losses,
    release() {
      encode.release?.();
      decode.release?.();
    },
  };
}

/** The image branch by functions: `logits` (B, T, vocabulary) of memories and inputs, and the losses that a device makes of them. */
export const composedImageDecoder = (parts: {
  memory(image: HostArray): Promise<HostArray>;
  logits(memory: HostArray, input: HostArray): Promise<HostArray>;
  tokenLosses(batch: HostArrays): Promise<HostArrays>;
}): ImageDecoder => ({
  memory: parts.memory,
  losses: async (memory, { input, target, target_mask: mask }) =>
    (await parts.tokenLosses({ logits: await parts.logits(memory, input), target, target_mask: mask })) as Losses,
  release: () => undefined,
});
