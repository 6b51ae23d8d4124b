// What is evaluated: a checkpoint on a device, or the graphs of an exported folder; both through one interface.
import type { Loader, Study } from '@hybridmed/data';
import type { Vectors } from '@hybridmed/eval';
import type { Generator, Branch } from '@hybridmed/model';
import { createGenerator, defaultWeights } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { frozenStep, validationGraph } from '@hybridmed/model/graphs';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { hashParameters, loadCheckpoint, resolveCheckpoint, studyLoader, studySource } from '@hybridmed/runtime';
import type { Device } from '@hybridmed/tensor';
import type { Tokenizer } from '@hybridmed/text';
import type { LossValues } from '@hybridmed/training';
import { validate } from '@hybridmed/training';
import { embedImages, embedTexts } from '../features/embeddings.ts';
import type { StudyLosses } from './study-losses.ts';
import { studyLosses } from './study-losses.ts';

/** Something that reads films and findings and writes impressions. */
export interface Subject {
  readonly folder: string;
  /** SHA-256 of its weights. */
  readonly hash: string;
  readonly tokenizer: Tokenizer;
  /** True where it has an image branch and an alignment; false for a stage-1 model. */
  readonly sees: boolean;
  /** Who computes, in words. */
  readonly device: string;
  loader(studies: readonly Study[]): Loader;
  generator(branch: Branch): Promise<Generator>;
  /** Mean losses per study over a split. */
  losses(loader: Loader): Promise<LossValues>;
  studyLosses(branch: Branch, loader: Loader): Promise<StudyLosses>;
  /** Unit vectors (N, d) of a loader's images, and of texts read as impressions are. */
  embedImages(loader: Loader): Promise<Vectors>;
  embedTexts(texts: readonly string[]): Promise<Vectors>;
  close(): Promise<void>;
}

/** The losses of stage 2 that an evaluation shows. */
export const evaluationPlan = {
  stage: 2,
  teacher: 'live',
  weights: defaultWeights,
  temperature: 1,
  tau: 0.1,
  duplicates: 'positives',
} as const satisfies StagePlan;

/** A checkpoint (or a run's best one) on a device. Throws one line for a missing or damaged one. */
export async function checkpointSubject(path: string, device: Device, encoders: CheckpointEncoders): Promise<Subject> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder, encoders);
  const { model, config, tokenizer } = checkpoint;
  const state = device.createState(checkpoint.parameters);
  return {
    folder,
    hash: await hashParameters(folder),
    tokenizer,
    sees: config.stage === 2,
    device: device.info.name,
    loader: (studies) => studyLoader({ vision: model.vision, input: config.input }, { studies, tokenizer, batchSize: 32, train: false }),
    generator: (branch) =>
      createGenerator(device, state, model, branch, { maxTokens: Math.min(config.input.impressionLength, model.decoder.config.positions) }),
    async losses(loader) {
      const program = await device.compile(validationGraph(model, config.stage === 1 ? { stage: 1 } : evaluationPlan));
      const { losses } = await validate({ program, state, frozen: frozenStep(model.vision) }, studySource(loader));
      program.release?.();
      return losses;
    },
    studyLosses: (branch, loader) => studyLosses(device, state, model, branch, loader),
    embedImages: (loader) => embedImages(device, state, checkpoint, loader),
    embedTexts: (texts) => embedTexts(device, state, checkpoint, texts),
    close: async () => state.drop(),
  };
}
