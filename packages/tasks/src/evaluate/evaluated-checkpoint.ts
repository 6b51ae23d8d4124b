// A checkpoint on a device as what is evaluated.
import { createGenerator } from '@hybridmed/model';
import { frozenStep, validationGraph } from '@hybridmed/model/graphs';
import type { CheckpointEncoders } from '@hybridmed/runtime';
import { hashParameters, loadCheckpoint, resolveCheckpoint, studyLoader, studySource } from '@hybridmed/runtime';
import type { Device } from '@hybridmed/tensor';
import { validate } from '@hybridmed/training';
import { embedImages, embedTexts } from '../features/embeddings.ts';
import type { EvaluatedModel } from './evaluated-model.ts';
import { evaluationBatch, evaluationPlan } from './evaluated-model.ts';
import { deviceImageDecoder } from './image-decoder.ts';
import { studyLosses } from './study-losses.ts';

/** Opens a checkpoint (or a run's best one) on a device. Throws one line for a missing or damaged one. */
export async function openEvaluatedCheckpoint(path: string, device: Device, encoders: CheckpointEncoders): Promise<EvaluatedModel> {
  const folder = await resolveCheckpoint(path);
  const checkpoint = await loadCheckpoint(folder, encoders);
  const { model, config, tokenizer } = checkpoint;
  const state = device.createState(checkpoint.parameters);
  return {
    folder,
    hash: await hashParameters(folder),
    tokenizer,
    hasImageBranch: config.stage === 2,
    device: device.info.name,
    loader: (studies) => studyLoader({ vision: model.vision, input: config.input }, { studies, tokenizer, batchSize: evaluationBatch, train: false }),
    generator: (branch) =>
      createGenerator(device, state, model, branch, { maxTokens: Math.min(config.input.impressionLength, model.decoder.config.positions) }),
    async losses(loader) {
      const program = await device.compile(validationGraph(model, config.stage === 1 ? { stage: 1 } : evaluationPlan(model.parameters)));
      const { losses } = await validate({ program, state, frozen: frozenStep(model.vision) }, studySource(loader));
      program.release?.();
      return losses;
    },
    impressionLength: config.input.impressionLength,
    imageDecoder: () => deviceImageDecoder(device, state, model),
    studyLosses: (branch, loader) => studyLosses(device, state, model, branch, loader),
    embedImages: (loader) => embedImages(device, state, checkpoint, loader),
    embedTexts: (texts) => embedTexts(device, state, checkpoint, texts),
    close: async () => state.drop(),
  };
}
