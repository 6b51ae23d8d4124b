// Gathers what a run's page shows: its files, its evaluation, and the chosen studies with their films.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import type { DataSet, Study } from '@hybridmed/data';
import { DataError, openDataSet } from '@hybridmed/data';
import { resolveCheckpoint, describeCheckpoint } from '@hybridmed/runtime';
import { fileError } from '@hybridmed/runtime/files';
import { readProvenance, readRunConfig } from '@hybridmed/runtime/run';
import { version } from '@hybridmed/runtime/version';
import type { EvaluationReport, Example } from '@hybridmed/tasks/node';
import { evaluateRun, savedEvaluation } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { StepLine, ValidationLine } from '@hybridmed/training';
import type { RunConfig } from '@hybridmed/training/settings';
import { dataSelection } from '@hybridmed/training/settings';
import { evenlySpaced, failuresByRule } from './choose.ts';
import { filmReader } from './images.ts';
import { mapExamples, mapStudies } from './maps.ts';
import type { MapExample, ReportData, ReportStudy } from './report-data.ts';

/** What to gather. */
export interface CollectOptions {
  /** A run's folder. */
  readonly run: string;
  /** Opened only where something must be computed. */
  readonly device: () => Promise<Device>;
  /** Data set instead of the one the run names, for one that has moved. */
  readonly data?: string;
  /** Greatest number of held-out studies; 0 for all. */
  readonly limit?: number;
  readonly onMessage?: (text: string) => void;
}

const [comparisonCount, retrievalCount, failureCount, mapCount] = [12, 4, 4, 4];

function readMetrics(run: string): (StepLine | ValidationLine)[] {
  const file = join(run, 'metrics.jsonl');
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line === '') return [];
      try {
        return [JSON.parse(line) as StepLine | ValidationLine];
      } catch {
        throw fileError(file, `line ${i + 1} is not valid JSON`, 'remove the line');
      }
    });
}

interface Measured {
  readonly evaluation?: EvaluationReport;
  readonly data?: DataSet;
  readonly gaps: readonly string[];
}

/** The run's evaluation, and its data set where that can still be opened. */
async function measure({ run, device, data: spec, limit = 0, onMessage }: CollectOptions, config: RunConfig): Promise<Measured> {
  let data: DataSet;
  try {
    data = await openDataSet(spec ?? config.data, dataSelection(config));
  } catch (error) {
    if (spec !== undefined || !(error instanceof DataError)) throw error;
    const evaluation = await savedEvaluation(run);
    if (!evaluation) throw new HybridmedError(`${error.message} (name where the data is now with --data)`);
    return { evaluation, gaps: [`The data set is not where the run found it (${error.message}), so films are not shown.`] };
  }
  const split = (['test', 'validate'] as const).find((name) => data.studies.some((study) => study.split === name));
  if (!split) return { data, gaps: ['The data set has no held-out studies, so nothing was evaluated.'] };
  const gaps = split === 'validate' ? ['The data set has no test split: the figures are of the validation split, which also chose the checkpoint.'] : [];
  const evaluation = await evaluateRun({ run, data, split, select: dataSelection(config), limit, device: await device(), ...(onMessage ? { onMessage } : {}) });
  return { evaluation, data, gaps };
}

/** Maps of a few studies; a sentence in their place where the checkpoint cannot make any. */
async function heatMaps(
  { run, device }: CollectOptions,
  evaluation: EvaluationReport | undefined,
  studies: ReadonlyMap<string, Study>,
  complete: (example: Example) => Promise<ReportStudy>,
): Promise<{ maps: MapExample[]; noMaps?: string }> {
  const held =
    evaluation?.examples.flatMap((example) => (example.image !== undefined && studies.has(example.id) ? [{ example, study: studies.get(example.id)! }] : [])) ??
    [];
  if (held.length === 0) return { maps: [] };
  const examples = new Map(held.map(({ example, study }) => [study, example]));
  const chosen = mapStudies(
    held.map(({ study }) => study),
    mapCount,
  );
  try {
    const shown = await Promise.all(chosen.map(async (study) => ({ study, shown: await complete(examples.get(study)!) })));
    return { maps: await mapExamples(run, await device(), shown) };
  } catch (error) {
    if (!(error instanceof HybridmedError || error instanceof DataError)) throw error;
    return { maps: [], noMaps: `There are no heat maps: ${error.message}.` };
  }
}

/** Gathers a page's data. Throws one line for a folder without a run or a checkpoint, or data that cannot be read. */
export async function collectReport(options: CollectOptions): Promise<ReportData> {
  const { run } = options;
  const config = await readRunConfig(run);
  const checkpoint = await describeCheckpoint(await resolveCheckpoint(run));
  const provenance = await readProvenance(run);
  const { evaluation, data, gaps } = await measure(options, config);
  const studies = new Map(data?.studies.map((study) => [study.id, study]) ?? []);
  const filmOf = filmReader(new Map([...studies].map(([id, { image }]) => [id, image])));
  const examples = new Map(evaluation?.examples.map((example) => [example.id, example]) ?? []);
  const complete = async (example: Example): Promise<ReportStudy> => {
    const [film, source] = [await filmOf(example.id), studies.get(example.id)?.findings];
    return { ...example, ...(film === undefined ? {} : { film }), ...(source === undefined ? {} : { source }) };
  };
  const all = (chosen: readonly Example[]) => Promise.all(chosen.map(complete));
  const list = [...examples.values()];
  const queries = await all(evenlySpaced(list, retrievalCount).filter(({ nearest }) => nearest !== undefined));
  const failures = failuresByRule(list, failureCount).map(async ({ cases, ...rule }) => ({
    ...rule,
    cases: await Promise.all(cases.map(async ({ id, reason }) => ({ study: await complete(examples.get(id)!), reason }))),
  }));
  const distinct = [...new Map(queries.map((study) => [study.truth, study])).values()];
  const found = distinct.map(async (study) => {
    const films = (study.nearestImages ?? []).map(async (id) => {
      const film = await filmOf(id);
      return { id, ...(film === undefined ? {} : { film }), own: id === study.id };
    });
    return { study, films: await Promise.all(films) };
  });
  const { maps, noMaps } = await heatMaps(options, evaluation, studies, complete);
  return {
    // The folder and the one it is in: a page that is passed on says nothing of the machine.
    run: resolve(run).split(sep).slice(-2).join('/'),
    written: new Date().toISOString(),
    version: version(),
    config,
    checkpoint,
    ...(provenance ? { provenance } : {}),
    metrics: readMetrics(run),
    ...(evaluation ? { evaluation } : {}),
    gaps: noMaps === undefined ? gaps : [...gaps, noMaps],
    comparisons: await all(evenlySpaced(list, comparisonCount)),
    retrieval: queries,
    found: await Promise.all(found),
    maps,
    failures: await Promise.all(failures),
  };
}
