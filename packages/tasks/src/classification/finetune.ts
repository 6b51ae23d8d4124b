// Fine-tuning the image encoder with a linear head for classification, from a checkpoint or from scratch.
import { join } from 'node:path';
import type { Study } from '@hybridmed/data';
import type { Checkpoint } from '@hybridmed/model';
import { presets } from '@hybridmed/model/presets';
import { tracedModel, untrainedError } from '@hybridmed/model/session';
import { initialize } from '@hybridmed/nn';
import { readSafetensors, writeSafetensors, readableStudies } from '@hybridmed/runtime';
import type { Device, HostArrays } from '@hybridmed/tensor';
import { fit } from '@hybridmed/training';
import { chooseClasses, openLabelled, withTruthLabels } from '../labelled-set.ts';
import { classifierTask, createScorer, labelledLoader, withTargets } from './classifier.ts';
import type { ProbeCommandOptions } from './probe.ts';
import { meanValidationAuc, reportedAuc } from './probe.ts';
import type { FitClassifier, FittedClassifier } from './protocol.ts';
import { runProtocol } from './protocol.ts';
import type { ProtocolResult } from './results.ts';
import { checkUnread, saveResults } from './results.ts';

/** What to fine-tune, on what. */
export interface FinetuneOptions extends Omit<ProbeCommandOptions, 'cache'> {
  /** Start values of the checkpoint's architecture instead of its parameters. */
  readonly fromScratch?: boolean;
  /** Max number of passes over a subset; subsets with few batches take at least 400 steps. */
  readonly epochs?: number;
  readonly batch?: number;
  /** Rates tried: the best on the validation split wins. By default the preset's own. */
  readonly learningRates?: readonly number[] | undefined;
  readonly weightDecay?: number;
  /** Factor between the learning rates of the encoder's neighbouring layers; 1 for equal rates. */
  readonly layerDecay?: number;
  /** Validations without improvement after which a fit ends. */
  readonly patience?: number;
}

/** Results of fine-tuning. */
export interface FinetuneResult extends ProtocolResult {
  readonly task: 'finetune';
  readonly checkpoint: string;
  readonly checkpointHash: string;
  readonly fromScratch: boolean;
  readonly data: string;
  readonly device: string;
  readonly settings: {
    readonly epochs: number;
    readonly batch: number;
    readonly learningRates: readonly number[];
    readonly weightDecay: number;
    readonly layerDecay: number;
    readonly patience: number;
  };
}

const minSteps = 400;
const minRound = 20;

interface Context {
  readonly device: Device;
  readonly checkpoint: Checkpoint;
  readonly fromScratch: boolean;
  readonly settings: FinetuneResult['settings'];
  readonly classWeights: 'none' | 'balanced';
  readonly out: string;
  readonly onMessage: (text: string) => void;
}

/** Fits a subset at every learning rate, keeps the best on the validation split and writes its parameters. */
function classifierFitter({ device, checkpoint, fromScratch, settings, classWeights, out, onMessage }: Context): FitClassifier {
  return async (train, validating, { classes, seed, name }): Promise<FittedClassifier> => {
    const task = classifierTask(checkpoint.model, classes.length, settings.layerDecay);
    const fresh = initialize(task.parameters, seed);
    const start: HostArrays = fromScratch ? fresh : { ...checkpoint.parameters, 'head.weight': fresh['head.weight']!, 'head.bias': fresh['head.bias']! };
    const batchSize = Math.min(settings.batch, train.length);
    const loader = labelledLoader(checkpoint, train, { batchSize, train: true, seed });
    const scorer = await createScorer(device, checkpoint, classes);
    const { stepsPerEpoch } = loader;
    const steps = Math.max(minSteps, settings.epochs * stepsPerEpoch);
    const file = join(out, 'models', `${name}.safetensors`);
    const validation = labelledLoader(checkpoint, validating, { batchSize: 32, train: false });
    let best: { value: number; learningRate: number; bestStep: number; steps: number } | undefined;
    try {
      for (const learningRate of settings.learningRates) {
        const fitted = await fit({
          device,
          task,
          start,
          batches: (epoch) => withTargets(checkpoint.model, loader, classes, classWeights, epoch),
          stepsPerEpoch,
          steps,
          round: Math.max(minRound, stepsPerEpoch),
          patience: settings.patience,
          learningRate,
          weightDecay: settings.weightDecay,
          seed,
          validate: async (state) => meanValidationAuc(validating, await scorer.score(state, validation)),
          onRound: ({ step, loss, validation: value, best: better }) =>
            onMessage(
              `${name}, rate ${learningRate}: step ${step} of ${steps}, loss ${loss.toFixed(3)}, validation AUC ${reportedAuc(value)?.toFixed(3) ?? 'undefined'}${better ? ' (best so far)' : ''}`,
            ),
        });
        if (best && fitted.validation <= best.value) continue;
        best = { value: fitted.validation, learningRate, bestStep: fitted.bestStep, steps: fitted.steps };
        await writeSafetensors(file, fitted.parameters, { classes: JSON.stringify(classes) });
      }
      const scoreBest = async (studies: readonly Study[]) => {
        const scoredLoader = labelledLoader(checkpoint, studies, { batchSize: 32, train: false });
        const state = device.createState((await readSafetensors(file)).arrays);
        try {
          return { studies, scores: await scorer.score(state, scoredLoader) };
        } finally {
          state.drop();
          await scoredLoader.close();
        }
      };
      const { value, ...settingsOfBest } = best!;
      return {
        validation: await scoreBest(validating),
        chosen: { ...settingsOfBest, validationAuc: reportedAuc(value) },
        predict: (studies) => scoreBest(studies),
      };
    } finally {
      await Promise.all([loader.close(), validation.close()]);
    }
  };
}

/** Studies whose images can be read; the others are reported. */
async function withReadableImage(studies: readonly Study[], onMessage: (text: string) => void): Promise<readonly Study[]> {
  const { studies: readable, unreadable } = await readableStudies(studies);
  for (const line of unreadable) onMessage(`left out: ${line}`);
  return readable;
}

/** Fine-tunes with fractions of the labels. Throws one line for exported graphs, a stage-1 checkpoint (unless from scratch), missing labels or splits, or a folder with results. */
export async function finetune({
  model,
  data: spec,
  out,
  select = {},
  classes: chosenClasses,
  percent = [1, 10, 100],
  seeds = [0, 1, 2],
  classWeights = 'none',
  rule = 'f1',
  fromScratch = false,
  epochs = 30,
  batch = 32,
  learningRates,
  weightDecay = 0.05,
  layerDecay = 1,
  patience = 5,
  onMessage = () => undefined,
}: FinetuneOptions): Promise<FinetuneResult> {
  checkUnread(out);
  const { device, checkpoint } = tracedModel(model, 'fine-tuning');
  if (!model.info.readsImages) model.require('vision');
  if (!fromScratch && !model.has('vision')) throw untrainedError(model.info.source, 'vision', ', or use --from-scratch');
  const labelled = await openLabelled(spec, select, withTruthLabels);
  const classes = chooseClasses(labelled, chosenClasses);
  const readable = await withReadableImage(labelled.data.studies, onMessage);
  const readableIds = new Set(readable.map(({ id }) => id));
  const set = { ...labelled, ofSplit: (split: Study['split']) => labelled.ofSplit(split).filter(({ id }) => readableIds.has(id)) };
  const preset = presets[checkpoint.config.preset as keyof typeof presets];
  const settings = { epochs, batch, learningRates: learningRates ?? [preset?.learningRate ?? 1e-4], weightDecay, layerDecay, patience };
  const fitClassifier = classifierFitter({ device, checkpoint, fromScratch, settings, classWeights, out, onMessage });
  const result = await runProtocol({ set, classes, percentages: percent, seeds, rule, out, onMessage }, fitClassifier);
  const complete: FinetuneResult = {
    task: 'finetune',
    checkpoint: model.info.source,
    checkpointHash: await model.contentHash(),
    fromScratch,
    data: spec,
    device: model.info.device,
    settings,
    ...result,
  };
  await saveResults(out, complete);
  return complete;
}
