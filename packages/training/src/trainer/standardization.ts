// Standardization of frozen features in stage 2: measured over the training studies once, before the first step, and kept for resuming.
import type { Model } from '@hybridmed/model';
import type { StagePlan } from '@hybridmed/model/graphs';
import { pick, stepFields } from '@hybridmed/model/graphs';
import type { ProjectionName } from '@hybridmed/model/standardize';
import { alignedProjections, momentsGraph, standardizationState, standardizedModel } from '@hybridmed/model/standardize';
import { alone } from '@hybridmed/ranks';
import type { DeviceState, HostArray, HostArrays } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { TrainingRun } from '../contracts/training-run.ts';
import type { StageFront } from '../frozen/stage-front.ts';
import { SharedStep } from '../ranks/shared-step.ts';
import { ownSignal } from '../ranks/stop.ts';
import { readsTexts } from './validate.ts';

// A feature that varies less than a thousandth of the others is not blown up.
const leastDeviation = 1e-3;

/** Means of rows (B, D) of all studies, and of their squares. */
class RowMeans {
  readonly #sums = new Map<string, { readonly first: Float64Array; readonly second: Float64Array }>();
  #count = 0;

  add(rows: HostArrays): void {
    for (const [name, { data, shape }] of Object.entries(rows)) {
      const width = shape[1]!;
      const { first, second } = this.#sums.get(name) ?? { first: new Float64Array(width), second: new Float64Array(width) };
      data.forEach((value, i) => {
        first[i % width]! += value;
        second[i % width]! += value * value;
      });
      this.#sums.set(name, { first, second });
    }
    this.#count += Object.values(rows)[0]!.shape[0]!;
  }

  /** Undefined for rows that were not there. */
  of(name: string): { readonly first: Float64Array; readonly second: Float64Array } | undefined {
    const sums = this.#sums.get(name);
    const mean = (sum: Float64Array) => sum.map((value) => value / this.#count);
    return sums && { first: mean(sums.first), second: mean(sums.second) };
  }
}

/** Mean and scale of a projection's features: their variance is that of studies' means, and the mean of that within a study. */
function standardOf(means: RowMeans, path: string): { readonly mean: HostArray; readonly scale: HostArray } {
  const { first, second } = means.of(`${path}.mean`)!;
  const within = means.of(`${path}.variance`)?.first;
  const shape = [first.length];
  const deviations = first.map((mean, i) => Math.sqrt(Math.max(0, second[i]! - mean * mean) + (within?.[i] ?? 0)));
  const typical = Math.sqrt(deviations.reduce((sum, value) => sum + value * value, 0) / deviations.length);
  const scale = Float32Array.from(deviations, (value) => (typical > 0 ? 1 / Math.max(value, leastDeviation * typical) : 1));
  return { mean: { data: Float32Array.from(first), shape }, scale: { data: scale, shape } };
}

interface MeasureOptions {
  readonly plan: StagePlan;
  readonly front: StageFront;
  readonly names: readonly ProjectionName[];
}

/** Means and scales of some projections' features over the studies of the first epoch, each of which counts once, by the parameters' names. */
async function measure(run: TrainingRun, state: DeviceState, { plan, front, names }: MeasureOptions): Promise<Record<string, HostArray>> {
  const { config, device, train, ranks = alone } = run;
  const fields = stepFields(plan, front.model);
  const program = await device.compile(momentsGraph(front.model, names));
  const withImages = 'image' in program.graph.data;
  const range = { epoch: 0, texts: readsTexts(fields), crops: config.crops, known: front.train.known };
  const shared = new SharedStep(ranks, config.accumulate);
  const means = new RowMeans();
  for await (const batch of withImages ? train.batches(range) : train.textBatches({ epoch: 0 })) {
    ownSignal(run)?.throwIfAborted();
    const { arrays, studies } = batch;
    const all: HostArrays = arrays;
    const own = await program.run(await front.train.apply(pick(all, fields), batch), state);
    if ('image' in arrays) train.recycle({ arrays, studies });
    const rows: Record<string, HostArray> = {};
    for (const [name, array] of Object.entries(own)) rows[name] = await shared.rows(array);
    means.add(rows);
  }
  program.release?.();
  return Object.fromEntries(
    names.flatMap((name) => {
      const { mean, scale } = standardOf(means, `align.${name}`);
      return [
        [`align.${name}.standard.mean`, mean],
        [`align.${name}.standard.scale`, scale],
      ];
    }),
  );
}

/**
 * The model that a stage trains on its state: with standardized features where its settings ask for them, which are measured unless the
 * state has them. Throws one line where no encoder is frozen whose features losses align.
 */
export async function withStandardization(run: TrainingRun, state: DeviceState, plan: StagePlan, front: StageFront): Promise<Model> {
  const { config, events, ranks = alone } = run;
  const { read, frozen } = alignedProjections(front.model, plan);
  if (!config.standardize || plan.stage !== 2 || read.length === 0) return front.model;
  if (frozen.length === 0)
    throw new HybridmedError(
      `"standardize" is of frozen encoders' features, and no encoder is frozen as a whole in stage 2; give --freeze 'vision.*' or 'text.*', or leave it out`,
    );
  const model = standardizedModel(front.model, frozen);
  const known = new Set(state.names());
  if (!standardizationState(model.parameters).every((name) => known.has(name))) {
    if (ranks.rank === 0) events.onMessage?.(`standardize: measuring the features before ${frozen.join(', ')} on the training studies`);
    state.write(await measure(run, state, { plan, front, names: frozen }));
  }
  return model;
}
