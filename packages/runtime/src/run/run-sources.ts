// The sources of a run's studies: loaders of the training split as each stage reads it, opened when a stage begins, and that of validation.
import type { Loader, LoaderOptions, Sampling, Study } from '@hybridmed/data';
import { alone } from '@hybridmed/ranks';
import type { Tokenizer } from '@hybridmed/text';
import type { StudySource } from '@hybridmed/training';
import { imageNames } from '../cache/image-names.ts';
import type { RetrievedFindings } from '../retrieval/retrieved-findings.ts';
import type { ModelInput } from '../session/study-loader.ts';
import { studyLoader } from '../session/study-loader.ts';
import { studySource } from '../session/study-source.ts';
import type { RunConfig } from '../settings/run-settings.ts';
import type { PretrainOptions } from './pretrain-options.ts';
import type { RunLabels } from './run-labels.ts';

/** Studies that a run trains and validates on. */
export interface RunStudies {
  readonly train: readonly Study[];
  readonly validate: readonly Study[];
}

/** The sources of a run. */
export interface RunSources {
  readonly validation: StudySource;
  /** The training studies under these settings: the source that is open where it fits; it is closed where it does not. */
  openTrain(config: RunConfig): Promise<StudySource>;
  close(): Promise<void>;
}

// Where worker threads find the tokenizer.
const tokenizerModule = import.meta.resolve('@hybridmed/text/worker-tokenizer');

// Studies of a validation batch: fixed, so that its losses do not depend on the training batches.
const validationBatch = 32;

/** What the settings of a stage say of its loader. */
const trainingOptions = ({ batch, accumulate, augment }: RunConfig, ranks: number) =>
  ({ batchSize: (batch * accumulate) / ranks, passes: accumulate, augmentation: augment }) satisfies Partial<LoaderOptions>;

/** In which order a stage's training studies come, what findings are read with, and the labels of images. */
export interface RunReading {
  samplingOf(config: RunConfig): Sampling;
  readonly retrieval?: RetrievedFindings | undefined;
  readonly labels?: RunLabels | undefined;
}

/** The sources of a run's studies, prepared for a model. */
export function runSources(
  { config: { seed, onBadData }, workers, ranks: { rank, size } = alone }: Pick<PretrainOptions, 'config' | 'workers' | 'ranks'>,
  prepared: ModelInput,
  tokenizer: Tokenizer,
  studies: RunStudies,
  { samplingOf, retrieval, labels }: RunReading,
): RunSources {
  const common = { tokenizer, tokenizerModule, rank, ranks: size, ...(workers === undefined ? {} : { workers }), seed };
  const loaderOf = (of: readonly Study[], how: Pick<LoaderOptions, 'batchSize' | 'train'> & Partial<LoaderOptions>): Loader => {
    const openOf = (read: readonly Study[]) => studyLoader(prepared, { ...common, ...how, studies: read });
    return retrieval ? retrieval.loader(of, openOf) : openOf(of);
  };
  const validation = studySource(loaderOf(studies.validate, { batchSize: validationBatch, train: false }), {
    imageName: imageNames(studies.validate, prepared, { seed, augmentation: {} }),
    labels: labels?.validate,
  });
  let open: { readonly source: StudySource; readonly key: string } | undefined;
  return {
    validation,
    async openTrain(config) {
      const own = trainingOptions(config, size);
      const key = JSON.stringify({ ...own, sampling: config.sampling });
      if (open?.key === key) return open.source;
      await open?.source.close();
      const loader = loaderOf(studies.train, { ...own, train: true, sampling: samplingOf(config) });
      const imageName = imageNames(studies.train, prepared, { seed, augmentation: own.augmentation });
      open = { key, source: studySource(loader, { onBadData, passSize: config.batch, imageName, labels: labels?.train }) };
      return open.source;
    },
    close: async () => void (await Promise.all([open?.source.close(), validation.close()])),
  };
}
