// An ablation: the full method and its variants, over seeds, trained and evaluated alike; finished runs are not run again.
import { join, resolve } from 'node:path';
import { describeCheckpoint } from '@hybridmed/runtime';
import { writeFileAtomic } from '@hybridmed/runtime/files';
import { runModules } from '@hybridmed/runtime/run';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { RunEvents } from '@hybridmed/training';
import type { RunConfig } from '@hybridmed/runtime/settings';
import type { EvaluationReport } from '../evaluate/report.ts';
import type { Figure, RunFigures } from './compare-figures.ts';
import { checkSameStudies, compareFigures, runFigures } from './compare-figures.ts';
import { completeRun, openHeldOut } from './complete-run.ts';
import type { Variant } from './variants.ts';
import { fullVariant, titleOf } from './variants.ts';

/** What to compare. */
export interface AblateOptions {
  /** Asks to stop: the run that trains saves, and the error of its stop is thrown. */
  readonly signal?: AbortSignal | undefined;
  /** The full method; its seed is the first one. */
  readonly config: RunConfig;
  readonly seeds: number;
  readonly variants: readonly Variant[];
  /** Folder of the runs (seed-S/VARIANT) and of ablation.json. */
  readonly out: string;
  readonly device: Device;
  readonly workers?: number;
  /** Resamples of the intervals. */
  readonly samples?: number;
  readonly events?: RunEvents;
}

/** A row of the table. */
export interface AblationRow {
  readonly name: string;
  readonly title: string;
  /** Seeds whose runs are finished, of this variant and of the full method. */
  readonly seeds: readonly number[];
  readonly parameters: { readonly total: number; readonly decoder: number; readonly secondBranch: number; readonly secondBranchPercent: number };
  readonly figures: Readonly<Record<string, Figure>>;
}

/** The whole table, and the runs that failed. */
export interface AblationReport {
  readonly data: string;
  readonly split: string;
  readonly studies: number;
  readonly preset: string;
  readonly seeds: readonly number[];
  readonly device: string;
  readonly rows: readonly AblationRow[];
  readonly failures: readonly { readonly run: string; readonly reason: string }[];
}

interface FinishedRun {
  readonly folder: string;
  readonly evaluation: EvaluationReport;
  readonly figures: RunFigures;
}

const folderOf = (out: string, seed: number, name: string): string => join(out, `seed-${seed}`, name);

/** A variant's configuration for a seed; undefined where it would be the full method again. */
function configOf(variant: Variant, config: RunConfig, out: string, seed: number): RunConfig | undefined {
  const full = { ...config, seed };
  const changed: RunConfig = { ...full, ...variant.change(full) };
  if (variant !== fullVariant && JSON.stringify(changed) === JSON.stringify(full)) return undefined;
  return variant.sharesStage1 && config.stage1 === true ? { ...changed, stage1: folderOf(out, seed, fullVariant.name) } : changed;
}

async function rowOf(
  variant: Variant,
  config: RunConfig,
  own: ReadonlyMap<number, FinishedRun>,
  full: ReadonlyMap<number, FinishedRun>,
): Promise<AblationRow | undefined> {
  const seeds = [...own.keys()].filter((seed) => full.has(seed));
  if (seeds.length === 0) return undefined;
  const { parameters, secondBranch } = await describeCheckpoint(own.get(seeds[0]!)!.folder, runModules(config));
  const figures = (runs: ReadonlyMap<number, FinishedRun>) => seeds.map((seed) => runs.get(seed)!.figures);
  return {
    name: variant.name,
    title: titleOf(variant, config),
    seeds,
    parameters: {
      total: parameters.total!,
      decoder: parameters.decoder!,
      secondBranch: secondBranch.parameters,
      secondBranchPercent: secondBranch.percentOfModel,
    },
    figures: compareFigures(figures(own), variant === fullVariant ? undefined : figures(full)),
  };
}

/** Events of which each warning is said once: all runs read the same data set. */
function withWarningsOnce({ onMessage, ...events }: RunEvents): RunEvents {
  const said = new Set<string>();
  return {
    ...events,
    onMessage(line) {
      if (said.has(line)) return;
      if (line.startsWith('warning: ')) said.add(line);
      onMessage?.(line);
    },
  };
}

/**
 * Trains and evaluates the missing runs and writes ablation.json after every run, so that there is always a table of the finished ones. A run
 * that fails is named in the report and does not stop the others. Throws one line where no run of the full method could be made.
 */
export async function ablate(options: AblateOptions): Promise<AblationReport> {
  // Runs name the folder of the stage 1 they start from: the same one wherever the command is run.
  const out = resolve(options.out);
  const { config, seeds: count, device, samples = 1000 } = options;
  const events = withWarningsOnce(options.events ?? {});
  const seeds = Array.from({ length: count }, (_, i) => config.seed + i);
  const all = [fullVariant, ...options.variants];
  const finished = new Map(all.map((variant) => [variant, new Map<number, FinishedRun>()]));
  const failures: { run: string; reason: string }[] = [];
  const full = finished.get(fullVariant)!;
  const heldOut = await openHeldOut(config);
  const common = { heldOut, device, events, signal: options.signal, ...(options.workers === undefined ? {} : { workers: options.workers }) };
  let report: AblationReport | undefined;

  const summarize = async (): Promise<void> => {
    const evaluations = [...finished.values()].flatMap((runs) => [...runs.values()].map(({ evaluation }) => evaluation));
    if (full.size === 0) return;
    checkSameStudies(evaluations);
    const rows = [];
    for (const [variant, runs] of finished) rows.push(await rowOf(variant, config, runs, full));
    const { data, split, studies } = evaluations[0]!;
    report = {
      data,
      split,
      studies,
      preset: config.preset,
      seeds,
      device: device.info.name,
      rows: rows.filter((row) => row !== undefined),
      failures,
    };
    await writeFileAtomic(join(out, 'ablation.json'), [`${JSON.stringify(report, undefined, 2)}\n`]);
  };

  for (const seed of seeds) {
    for (const variant of all) {
      const own = configOf(variant, config, out, seed);
      if (!own) continue;
      const folder = folderOf(out, seed, variant.name);
      events.onMessage?.(`${folder}: ${titleOf(variant, config)}, seed ${seed}`);
      try {
        const evaluation = await completeRun(folder, own, common);
        finished.get(variant)!.set(seed, { folder, evaluation, figures: runFigures(evaluation, samples) });
      } catch (error) {
        if (!(error instanceof Error) || options.signal?.aborted) throw error;
        const reason = error.message.split('\n')[0]!;
        events.onMessage?.(`${folder}: failed: ${reason}`);
        failures.push({ run: folder, reason });
      }
      await summarize();
      // Without the full method of this seed there is nothing to compare with, and no stage 1 to start from.
      if (!full.has(seed)) break;
    }
  }
  if (!report) throw new HybridmedError(`${out}: no run of the full method is whole (${failures[0]?.reason ?? 'none was asked for'}); mend that first`);
  return report;
}
