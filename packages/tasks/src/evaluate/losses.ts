// The losses that an evaluation needs: of the traced model in one graph, or from what a session gives, with the same composition of losses.
import type { Loader } from '@hybridmed/data';
import type { Branch } from '@hybridmed/model';
import { partOfBranch, readsImages } from '@hybridmed/model';
import { frozenStep, validationGraph } from '@hybridmed/model/graphs';
import { scalar } from '@hybridmed/model/host-arrays';
import { ownLoss } from '@hybridmed/model/objective';
import type { ModelSession, TracedModel } from '@hybridmed/model/session';
import { labelTargets } from '@hybridmed/eval/labeller';
import { studySource } from '@hybridmed/runtime';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import type { BatchLosses, StudySource } from '@hybridmed/training';
import { batchLosses, splitTotals } from '@hybridmed/training';
import { evaluationPlan, judgesImages } from './evaluation-plan.ts';
import { branchLossGraph, featureLossGraph } from './feature-losses.ts';
import type { ImageDecoder } from './image-decoder.ts';
import { sessionImageDecoder, tracedImageDecoder } from './image-decoder.ts';
import type { Share } from './measurements.ts';
import { sharedSource, sharedTexts } from './measurements.ts';
import type { StudyLosses } from './study-losses.ts';
import { branchLosses, collectLosses } from './study-losses.ts';

/** Losses over a loader's studies. */
export interface Losses {
  /** Totals of each batch of this share: see `splitTotals`. */
  totals(loader: Loader, share: Share): Promise<number[][]>;
  /** Nats and tokens of each study of this share by the findings branch. */
  ofFindings(loader: Loader, share: Share): Promise<StudyLosses>;
  /** The same by the image branch of a model that reads no images; undefined of exported graphs, which have no such branch. */
  withoutImages(loader: Loader, share: Share): Promise<StudyLosses | undefined>;
  /** The image branch in its two halves. */
  imageDecoder(): Promise<ImageDecoder>;
  release(): void;
}

/** A loader's studies with the labels that the model's images were trained by, as the studies' reports give them. */
const labelledSource = ({ info: { labels } }: ModelSession, loader: Loader): StudySource =>
  studySource(loader, labels ? { labels: labelTargets(loader.studies, labels.columns, labels.doubtful) } : {});

function tracedLosses(session: ModelSession, traced: TracedModel): Losses {
  const { device, checkpoint, state } = traced;
  const { model, config } = checkpoint;
  return {
    async totals(loader, share) {
      const program = await device.compile(
        validationGraph(model, config.stage === 2 ? evaluationPlan(model.parameters, readsImages(model)) : { stage: config.stage }),
      );
      const validator = batchLosses({ program, state: state(), frozen: frozenStep(model.vision) });
      const totals = await splitTotals(validator, sharedSource(labelledSource(session, loader), loader, share));
      program.release?.();
      return totals;
    },
    ofFindings: (loader, share) => branchLosses(traced, 'findings', sharedTexts(loader, share)),
    withoutImages: (loader, share) => branchLosses(traced, 'image', sharedTexts(loader, share)),
    imageDecoder: () => tracedImageDecoder(session, traced),
    release: () => undefined,
  };
}

const stage1Fields = ['findings', 'findings_mask', 'input', 'target', 'target_mask'];
const stage2Fields = ['image', 'impression', 'impression_mask', 'groups', ...stage1Fields];

/** Logits (B, T, vocabulary) of a branch over the target's inputs. */
async function branchLogits(model: ModelSession, branch: Branch, batch: HostArrays): Promise<HostArray> {
  const mask = batch.findings_mask!;
  const { memory } =
    branch === 'image' ? await model.imageFeatures(batch.image!, ['memory']) : await model.textFeatures({ ids: batch.findings!, mask }, ['memory']);
  return model.logits(branch, { memory, ids: batch.input!, ...(branch === 'image' ? {} : { mask, memoryIds: batch.findings! }) });
}

/** The loss of a model whose findings branch alone is there, from the losses of that branch. */
const summaryLoss = (findingsLoss: (batch: HostArrays) => Promise<HostArrays>): BatchLosses => ({
  fields: stage1Fields,
  run: async (batch) => ({ sum: (await findingsLoss(batch)).mean! }),
});

/** The losses of a stage-2 model, from what a session gives. Their graph is compiled with the first batch, which says the sizes. */
function allLosses(model: ModelSession, device: Device): BatchLosses & { release(): void } {
  const { info } = model;
  let program: ReturnType<Device['compile']> | undefined;
  // An export without the encoder itself has nothing for its own labels to be told from.
  const labels = model.has('vision') ? info.labels : undefined;
  const lossParameters = Object.fromEntries(Object.entries(info.lossParameters ?? {}).filter(([name]) => labels !== undefined || ownLoss(name) !== 'lab'));
  const parameters: HostArrays = Object.fromEntries(
    Object.entries(lossParameters).map(([name, { shape, values }]) => [name, { shape, data: Float32Array.from(values) }]),
  );
  return {
    fields: [...stage2Fields, ...(labels ? ['labels', 'labels_mask'] : [])],
    async run(batch) {
      const radiograph = await model.imageFeatures(batch.image!, ['embedding', 'patches']);
      const { words, importance } = await model.textFeatures({ ids: batch.findings!, mask: batch.findings_mask! }, ['words', 'importance']);
      const impression = await model.textFeatures({ ids: batch.impression!, mask: batch.impression_mask! }, ['embedding']);
      const [, patches, width] = radiograph.patches.shape as [number, number, number];
      const sizes = {
        vocabularySize: info.vocabularySize,
        width,
        patches,
        special: info.special,
        importance: importance !== undefined,
        lossParameters,
      };
      const vector = labels ? (await model.imageFeatures(batch.image!, ['global'])).global : undefined;
      program ??= device.compile(featureLossGraph(sizes));
      return (await program).run({
        caption: await branchLogits(model, 'image', batch),
        summary: await branchLogits(model, 'findings', batch),
        image: radiograph.embedding,
        patches: radiograph.patches,
        words,
        ...(importance ? { importance } : {}),
        text: impression.embedding,
        findings: batch.findings!,
        findings_mask: batch.findings_mask!,
        target: batch.target!,
        target_mask: batch.target_mask!,
        groups: batch.groups!,
        log_scale: scalar(info.logitScale),
        ...(vector ? { global: vector, labels: batch.labels!, labels_mask: batch.labels_mask! } : {}),
        ...parameters,
      });
    },
    release: () => void program?.then((compiled) => compiled.release?.()).catch(() => undefined),
  };
}

async function sessionLosses(model: ModelSession, device: Device): Promise<Losses> {
  const hasImageBranch = judgesImages(model.info);
  model.require(partOfBranch.findings);
  if (hasImageBranch) for (const part of [partOfBranch.image, 'align'] as const) model.require(part);
  const tokenLosses = await device.compile(branchLossGraph(model.info.vocabularySize));
  const findingsLoss = async (batch: HostArrays): Promise<HostArrays> =>
    tokenLosses.run({ logits: await branchLogits(model, 'findings', batch), target: batch.target!, target_mask: batch.target_mask! });
  return {
    async totals(loader, share) {
      if (!hasImageBranch) return splitTotals(summaryLoss(findingsLoss), sharedSource(studySource(loader), loader, share));
      const all = allLosses(model, device);
      const totals = await splitTotals(all, sharedSource(labelledSource(model, loader), loader, share));
      all.release();
      return totals;
    },
    ofFindings: (loader, share) => collectLosses(findingsLoss, sharedTexts(loader, share)),
    withoutImages: () => Promise.resolve(undefined),
    imageDecoder: () => Promise.resolve(sessionImageDecoder(model, (batch) => tokenLosses.run(batch))),
    release: () => tokenLosses.release?.(),
  };
}

/**
 * Prepares the losses of a model; `device` computes them from what exported graphs give. Throws a SessionError where a part is missing: of a
 * stage-2 model `caption`, `summarize` and `align` are evaluated, of a stage-1 model, or of one that reads no images, `summarize`.
 */
export const openLosses = async (model: ModelSession, device: Device): Promise<Losses> =>
  model.traced ? tracedLosses(model, model.traced) : sessionLosses(model, device);
