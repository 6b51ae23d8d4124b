// Losses of any text given an image whose memory is computed once: what shuffles of images and candidate sentences need, whoever computes them.
import type { Model } from '@hybridmed/model';
import { batchSpecs, partSpecs } from '@hybridmed/model/graphs';
import type { ModelSession, TracedModel } from '@hybridmed/model/session';
import { rootScope } from '@hybridmed/nn';
import type { Graph, HostArray, HostArrays } from '@hybridmed/tensor';
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
  /** Log-likelihoods (B, K) of K texts, each given every memory (B, S, D). */
  logLikelihoods(memory: HostArray, texts: readonly string[]): Promise<HostArray>;
  release(): void;
}

/** Losses of texts by study from memories: results `nats` and `tokens`, (B) each. */
function memoryLossGraph(model: Model): Graph {
  const { input, target, target_mask: mask } = batchSpecs(model);
  const memory = { shape: ['B', 'S', model.vision.width], dtype: 'f32' } as const;
  return trace({ data: { memory, input, target, target_mask: mask }, state: partSpecs(model, ['decoder.']) }, (data, state) => {
    const scope = rootScope(state).child('decoder');
    const head = model.decoder.head(scope, model.decoder.hidden(scope, 'image', data.input!, data.memory!));
    const { crossEntropy } = ops.vocabularyLoss({ ...head, target: data.target! });
    return { results: sumByStudy(crossEntropy, data.target_mask!) };
  });
}

type Losses = Awaited<ReturnType<ImageDecoder['losses']>>;

/** What every session gives itself. */
const ofSession = (session: ModelSession): Pick<ImageDecoder, 'memory' | 'logLikelihoods'> => ({
  memory: async (image) => (await session.imageFeatures(image, ['memory'])).memory,
  logLikelihoods: (memory, texts) => session.logLikelihoods('image', { memory }, texts),
});

/** The image branch of a traced model: its losses are one graph, which gives no logits. */
export async function tracedImageDecoder(session: ModelSession, { device, checkpoint, state }: TracedModel): Promise<ImageDecoder> {
  const decode = await device.compile(memoryLossGraph(checkpoint.model));
  return {
    ...ofSession(session),
    losses: async (memory, targets) => (await decode.run({ memory, ...targets }, state())) as Losses,
    release: () => decode.release?.(),
  };
}

/** The image branch of any session, with what makes losses of its logits. */
export const sessionImageDecoder = (session: ModelSession, tokenLosses: (batch: HostArrays) => Promise<HostArrays>): ImageDecoder => ({
  ...ofSession(session),
  losses: async (memory, { input, target, target_mask: mask }) =>
    (await tokenLosses({ logits: await session.logits('image', { memory, ids: input }), target, target_mask: mask })) as Losses,
  release: () => undefined,
});
