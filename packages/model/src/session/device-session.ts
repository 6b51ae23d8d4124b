// A checkpoint on a device as a session: graphs are traced and compiled when they are first needed, with the outputs that are asked for.
import type { Device, DeviceState, Graph, HostArrays, Program } from '@hybridmed/tensor';
import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { lossParametersOf } from '../export/loss-parameters.ts';
import { createGenerator } from '../generation/generator.ts';
import { imageFeatureGraph, partialMemoryGraph, textFeatureGraph } from '../graphs/features.ts';
import { throughFrozen } from '../graphs/frozen-images.ts';
import { likelihoodGraph, logitsGraph } from '../graphs/memory.ts';
import { readsImages } from '../model/no-vision.ts';
import { composeSession } from './compose-session.ts';
import type { ModelSession, SessionInfo } from './session.ts';
import { isTrained, noRemovalError, noRetrievalError, noVisionError, untrainedError } from './session-error.ts';

function infoOf(source: string, device: Device, checkpoint: Checkpoint): SessionInfo {
  const { config, model, parameters } = checkpoint;
  const lossParameters = lossParametersOf(checkpoint);
  const { input, preset, stage } = config;
  const { vocabularySize, positions } = model.decoder.config;
  return {
    source,
    preset,
    stage,
    readsImages: readsImages(model),
    image: { size: model.vision.image.size, channels: model.vision.image.channels, resize: input.resize },
    findingsLength: input.findingsLength,
    impressionLength: input.impressionLength,
    special: model.special,
    vocabularySize,
    maxTokens: Math.min(input.impressionLength, positions),
    patches: model.vision.tokenCount,
    modules: [...(config.model.vision.kind === 'module' ? (['vision'] as const) : []), ...('kind' in config.model.text ? (['text'] as const) : [])],
    copies: model.decoder.copies('findings'),
    logitScale: parameters['align.logit_scale']?.data[0] ?? 0,
    ...(lossParameters ? { lossParameters } : {}),
    ...(config.likelihoodRatio ? { likelihoodRatio: config.likelihoodRatio } : {}),
    ...(model.labels ? { labels: model.labels } : {}),
    device: device.info.name,
    deviceKind: device.info.kind,
  };
}

/** Programs by name, compiled once. */
function programsOn(device: Device): { program(name: string, graph: () => Graph): Promise<Program>; release(): Promise<void> } {
  const programs = new Map<string, Promise<Program>>();
  return {
    program(name, graph) {
      const compiled = programs.get(name) ?? device.compile(graph());
      programs.set(name, compiled);
      return compiled;
    },
    async release() {
      for (const compiled of programs.values()) (await compiled.catch(() => undefined))?.release?.();
      programs.clear();
    },
  };
}

/** Opens a checkpoint on a device; `source` names it in messages and results. Parameters go to the device when a graph first needs them. */
export function openSession(device: Device, checkpoint: Checkpoint, source: string): ModelSession {
  const { model, config, tokenizer } = checkpoint;
  const info = infoOf(source, device, checkpoint);
  const programs = programsOn(device);
  let held: DeviceState | undefined;
  const state = (): DeviceState => (held ??= device.createState(checkpoint.parameters));
  const run = async (name: string, graph: () => Graph, inputs: HostArrays): Promise<HostArrays> => (await programs.program(name, graph)).run(inputs, state());
  return composeSession({
    info,
    tokenizer,
    traced: { device, checkpoint, state },
    extendFindings: checkpoint.extendFindings,
    problemOf(part) {
      const withoutImages = info.readsImages ? undefined : noVisionError(source, part);
      if (withoutImages) return withoutImages;
      if (!isTrained(config.stage, part)) return untrainedError({ source, stage: config.stage }, part);
      if (part === 'summarize' && config.input.retrieve && !checkpoint.extendFindings) return noRetrievalError(source);
      return part === 'removal' && !model.vision.partial ? noRemovalError(source) : undefined;
    },
    images: async (outputs, images) =>
      run(`image ${outputs.join()}`, () => imageFeatureGraph(model, outputs), { image: await throughFrozen(model.vision, images) }),
    texts: (outputs, { ids, mask }) => run(`text ${outputs.join()}`, () => textFeatureGraph(model, outputs), { ids, mask }),
    partialMemory: async (image, mask) =>
      (await run('removal', () => partialMemoryGraph(model), { image: await throughFrozen(model.vision, image), patch_mask: mask })).memory!,
    logits: async (branch, inputs) => (await run(`logits ${branch}`, () => logitsGraph(model, branch), inputs)).logits!,
    likelihoods: async (branch, inputs) => (await run(`likelihoods ${branch}`, () => likelihoodGraph(model, branch), { ...inputs })).log_likelihoods!,
    generator: (branch) => createGenerator(device, state(), model, branch, { maxTokens: info.maxTokens }),
    async close() {
      await programs.release();
      held?.drop();
      held = undefined;
    },
  });
}
