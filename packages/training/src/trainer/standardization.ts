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

/** Sums of rows (B, D) of all studies, and how many there were. */
class RowSums {
  readonly sums = new Map<string, Float64Array>();
  count = 0;

  add(rows: HostArrays): void {
    for (const [name, { data, shape }] of Object.entries(rows)) {
      const width = shape[1]!;
      const sum = this.sums.get(name) ?? new Float64Array(width);
      data.forEach((value, i) => (sum[i % width]! += value));
      this.sums.set(name, sum);
    }
    this.count += Object.values(rows)[0]!.shape[0]!;
  }

  mean(name: string): Float64Array {
    return this.sums.get(name)!.map((value) => value / this.count);
  }
}

/** Mean and scale of a projection's features from their first and second moments. */
function standardOf(first: Float64Array, second: Float64Array): { readonly mean: HostArray; readonly scale: HostArray } {
  const shape = [first.length];
  const deviations = first.map((mean, i) => Math.sqrt(Math.max(0, second[i]! - mean * mean)));
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
  const totals = new RowSums();
  for await (const batch of withImages ? train.batches(range) : train.textBatches({ epoch: 0 })) {
    ownSignal(run)?.throwIfAborted();
    const { arrays, studies } = batch;
    const all: HostArrays = arrays;
    const own = await program.run(await front.train.apply(pick(all, fields), batch), state);
    if ('image' in arrays) train.recycle({ arrays, studies });
    const rows: Record<string, HostArray> = {};
    for (const [name, array] of Object.entries(own)) rows[name] = await shared.rows(array);
    totals.add(rows);
  }
  program.release?.();
  return Object.fromEntries(
    names.flatMap((name) => {
      const { mean, scale } = standardOf(totals.mean(`align.${name}.first`), totals.mean(`align.${name}.second`));
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
