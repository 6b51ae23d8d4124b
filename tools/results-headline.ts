// The README's headline figures: one row for each claim, with what it is compared with.
import type { ExplainResults } from './results-agreement.ts';
import type { ClassificationResults } from './results-tasks.ts';
import type { PeersResult } from './results-webgpu.ts';

interface TrainStep {
  readonly studiesPerSecond: number;
  readonly peakMiB: number;
  readonly threads: number;
  readonly pytorch: { readonly studiesPerSecond: number; readonly peakMiB: number };
}

/** Rows of label, this project's figure and the other; `result` gives a document of benchmarks/results by name. Each needs its document. */
export function headlineRows(result: (name: string) => unknown): string[][] {
  const step = result('train-step-small') as TrainStep;
  const speed = ({ studiesPerSecond, peakMiB }: Pick<TrainStep, 'studiesPerSecond' | 'peakMiB'>) => `${studiesPerSecond.toFixed(1)} studies/s, ${peakMiB} MiB`;

  const openi = result('learn-openi-small-bert') as { withUnknown: { losses: { cap: number } } };
  const reference = result('reference-openi') as { rows: { name: string; cap: number }[] };
  const seeds = reference.rows.filter(({ name }) => name.includes('with distillation')).map(({ cap }) => cap.toFixed(2));

  const { labels } = result('learn-phantom-small') as { labels: Record<'image' | 'mostFrequent', { micro: number }> };

  const { finetune } = result('tasks-chexpert-phantoms') as ClassificationResults;
  const onePercent = finetune.find(({ percent }) => percent === 1)!;

  const maps = result('tasks-explain-phantoms') as ExplainResults;
  const guided = maps.maps.find(({ kind }) => kind === 'guided')!.pointing;

  const peers = result('peers-lavapipe') as PeersResult;
  const step96 = (engine: string) => `${peers.rows.find((row) => row.kernel === 'vit-step' && row.engine === engine)!.ms.toFixed(0)} ms`;

  return [
    [`training step, stage 2, \`small\`, ${step.threads} CPU threads`, speed(step), `PyTorch: ${speed(step.pytorch)}`],
    [
      "Open-I captioning loss, nats per study, the reference's vocabulary",
      openi.withUnknown.losses.cap.toFixed(2),
      `PyTorch: ${seeds.join(', ')} (${seeds.length} seeds)`,
    ],
    [
      'findings named in impressions written from phantom images, F1',
      labels.image.micro.toFixed(2),
      `most frequent impression: ${labels.mostFrequent.micro.toFixed(2)}`,
    ],
    [
      "classification, mean AUC with 1 % of the labels, phantoms in CheXpert's layout",
      onePercent.pretrained.meanAuc!.value.toFixed(3),
      `same model from scratch: ${onePercent.fromScratch.meanAuc!.value.toFixed(3)}`,
    ],
    [
      'heat maps that point inside the finding, phantoms',
      `${guided.value.toFixed(2)} (${guided.low.toFixed(2)}-${guided.high.toFixed(2)})`,
      `chance: ${maps.chance.toFixed(2)}`,
    ],
    ["a small ViT's training step, WebGPU on a software adapter", step96('hybridmed'), `jax-js: ${step96('jax-js')}, TensorFlow.js: ${step96('tfjs')}`],
  ];
}
