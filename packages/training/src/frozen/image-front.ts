// The frozen front of a stage's vision encoder: computed by a program of its own, before the step's graph, which holds only what is behind it.
import type { Model } from '@hybridmed/model';
import type { FrozenFront } from '@hybridmed/model/graphs';
import { frozenFront, throughFrozen } from '@hybridmed/model/graphs';
import { alone } from '@hybridmed/ranks';
import type { DeviceState, HostArray, Program } from '@hybridmed/tensor';
import { sizeOf } from '@hybridmed/tensor';
import type { ByteStore } from '../contracts/byte-store.ts';
import type { StudySource } from '../contracts/study-source.ts';
import type { TrainingRun } from '../contracts/training-run.ts';
import { featureCodings } from './feature-coding.ts';
import { frontIdentity } from './front-identity.ts';
import type { FrontStep } from './front-step.ts';
import { asTheyAre } from './front-step.ts';
import type { FeatureShelf } from './frozen-images.ts';
import { frozenImages } from './frozen-images.ts';
import { inMebibytes } from './in-mebibytes.ts';

/** What a stage trains behind a front of its vision encoder, and the steps that its images go through. */
export interface ImageFront {
  readonly model: Model;
  readonly train: FrontStep;
  readonly validation: FrontStep;
  release(): void;
}

// Images of one run of a front: enough for a device to be busy; those of a smaller batch are padded no further than to it.
const chunks: Readonly<Record<string, number>> = { cpu: 8 };
const otherChunk = 32;

/** What is said of a front at a stage's start: how far it goes, of how many images what it makes is kept, and where. */
function frontLines(extent: string, store: ByteStore, of: { train: number; validation: number; crops: number; bytes: number }): string {
  const { train, validation, crops, bytes } = of;
  if (store.maxBytes === 0) return `frozen: ${extent}; what it makes of images is not kept`;
  const kept = [...(crops > 0 ? [`${train} training images in ${crops} ${crops === 1 ? 'copy' : 'copies'}`] : []), `${validation} validation images`];
  const total = (train * crops + validation) * bytes;
  const room = total > store.maxBytes ? 'beyond that each is computed in each epoch' : 'each is computed once';
  const anew = crops > 0 ? '' : '; training images are cropped anew in each epoch, so that theirs is not kept (--crops N gives each N fixed copies)';
  return `frozen: ${extent}; what it makes of ${kept.join(' and ')}, ${inMebibytes(total)}, is kept ${store.place}, at most ${inMebibytes(store.maxBytes)}: ${room}${anew}`;
}

/** The front's program on the stage's own state, behind what of the encoder is no graph. */
async function compiled(run: TrainingRun, state: DeviceState, front: FrozenFront): Promise<{ model: Model; program: Program }> {
  const { device, model } = run;
  const program = await device.compile(front.graph);
  const compute = async (images: HostArray): Promise<HostArray> => (await program.run({ image: await throughFrozen(model.vision, images) }, state)).features!;
  return { model: front.rest(compute), program };
}

/** Of a stage that reads no images, or trains all that reads them. */
export const withoutImages = (model: Model): ImageFront => ({ model, train: asTheyAre, validation: asTheyAre, release: () => undefined });

/** Opens the front of a stage on its state, whose features are kept in a store. A stage whose model has none gets the model as it is. */
export async function openImageFront(run: TrainingRun, state: DeviceState, store: ByteStore): Promise<ImageFront> {
  const { config, device, model, train, validation, events, features: keeping = {}, ranks = alone } = run;
  const { crops } = config;
  const front = frozenFront(model);
  const behind = front ? await compiled(run, state, front) : undefined;
  const rest = behind?.model ?? model;
  const { frozen } = rest.vision;
  const release = () => behind?.program.release?.();
  if (!frozen) return withoutImages(model);
  const coding = featureCodings[keeping.precision ?? 'f32'];
  const chunk = Math.min(config.batch, chunks[device.info.kind] ?? otherChunk);
  const named = keeping.store !== undefined && front !== undefined && !model.vision.frozen;
  const identity = named ? await frontIdentity(front.graph, await state.read(Object.keys(front.graph.state)), device, chunk) : '';
  const shelf = (source: StudySource, split: string): FeatureShelf => ({
    store,
    coding,
    async nameOf(study, copy) {
      if (keeping.store === undefined) return `${split} ${study} ${copy}`;
      const image = await source.imageName?.(study, copy);
      return named && image !== undefined ? `${identity} ${keeping.precision ?? 'f32'} ${image}` : undefined;
    },
  });
  const bytes = sizeOf(frozen.shape) * coding.bytes;
  const sizes = { train: train.size, validation: validation.size, crops, bytes };
  if (ranks.rank === 0) events.onMessage?.(frontLines(front?.extent ?? "the encoder's own frozen part", store, sizes));
  return {
    model: rest,
    train: frozenImages(rest.vision, chunk, crops > 0 ? shelf(train, 'train') : undefined),
    validation: frozenImages(rest.vision, chunk, shelf(validation, 'validation')),
    release,
  };
}
