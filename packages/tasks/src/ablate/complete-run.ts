// Trains and evaluates one run of an ablation, as far as it is not finished.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { DataSet } from '@hybridmed/data';
import { openDataSet } from '@hybridmed/data';
import { checkpointFolder, openModel, readTrainerState } from '@hybridmed/runtime';
import { withScopedDevice } from '@hybridmed/runtime/device';
import { pretrain, checkSameRun, runModules } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { RunEvents } from '@hybridmed/training';
import type { RunConfig } from '@hybridmed/runtime/settings';
import { dataSelection } from '@hybridmed/runtime/settings';
import { evaluateRun } from '../evaluate/evaluation-file.ts';
import type { EvaluationReport } from '../evaluate/report.ts';

/** What a run needs. */
export interface RunContext {
  readonly heldOut: HeldOut;
  readonly device: Device;
  readonly workers?: number;
  readonly events: RunEvents;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a folder holds this very run, finished. Throws one line where it holds another. */
async function isFinished(out: string, config: RunConfig): Promise<boolean> {
  if (!existsSync(join(out, 'run.json'))) return false;
  await checkSameRun(out, config);
  const file = join(checkpointFolder(out, 2, 'last'), 'trainer.json');
  return existsSync(file) && (await readTrainerState(file)).finished;
}

/** A data set and the split that runs are compared on: test, or validation where there is no test. */
export interface HeldOut {
  readonly data: DataSet;
  readonly split: 'validate' | 'test';
}

/** Opens a configuration's data set for comparing on it. Throws one line where it cannot be read or has no held-out studies. */
export async function openHeldOut(config: RunConfig): Promise<HeldOut> {
  const { data: spec } = config;
  const data = await openDataSet(spec, dataSelection(config));
  const split = (['test', 'validate'] as const).find((name) => data.studies.some((study) => study.split === name));
  if (!split) throw new HybridmedError(`${spec}: no held-out studies to compare on; add some (column "split")`);
  return { data, split };
}

/** Trains (resuming an interrupted run), then evaluates on the held-out split; what is finished is not repeated. */
export async function completeRun(
  out: string,
  config: RunConfig,
  { heldOut: { data, split }, device, workers, events, signal }: RunContext,
): Promise<EvaluationReport> {
  // Dozens of runs in one process: each must free what it put on the device.
  const scoped = <T>(use: (own: Device) => Promise<T>) => withScopedDevice(device, use);
  if (await isFinished(out, config)) events.onMessage?.(`${out} is trained`);
  else
    await scoped((own) =>
      pretrain({ config, out, device: own, resume: true, events, ...(signal ? { signal } : {}), ...(workers === undefined ? {} : { workers }) }),
    );
  signal?.throwIfAborted();
  const { onMessage } = events;
  return scoped((own) => {
    const model = () => openModel(out, { device: own, encoders: runModules(config) });
    return evaluateRun({ run: out, data, split, select: dataSelection(config), limit: 0, model, ...(onMessage ? { onMessage } : {}) });
  });
}
