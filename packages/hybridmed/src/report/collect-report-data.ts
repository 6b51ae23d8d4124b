// Collects what a run's report shows: its files, its evaluation, and the selected studies with thumbnails.
import { resolve, sep } from 'node:path';
import type { DataSet, Study } from '@hybridmed/data';
import { DataError, openDataSet } from '@hybridmed/data';
import { checkpointNeededError } from '@hybridmed/model/session';
import type { CheckpointEncoders, OpenedModel } from '@hybridmed/runtime';
import { describeCheckpoint, isExported, openModel } from '@hybridmed/runtime';
import { readMetrics, readProvenance, readRunConfig } from '@hybridmed/runtime/run';
import { version } from '@hybridmed/runtime/version';
import type { EvaluationReport, Example } from '@hybridmed/tasks/node';
import { evaluateRun, savedEvaluation } from '@hybridmed/tasks/node';
import type { Device } from '@hybridmed/tensor';
import { HybridmedError } from '@hybridmed/tensor';
import type { RunConfig } from '@hybridmed/runtime/settings';
import { dataSelection } from '@hybridmed/runtime/settings';
import { evenlySpaced, failuresByRule } from './example-selection.ts';
import { mapExamples, mapStudies } from './heat-maps.ts';
import type { FailureGroup, MapExample, ReportData, ReportStudy, RetrievedImages } from './report-data.ts';
import { thumbnailReader } from './thumbnails.ts';

/** What to collect. */
export interface CollectOptions {
  /** A run's folder. */
  readonly run: string;
  /** Opened only if something must be computed. */
  readonly device: () => Promise<Device>;
  /** Modules of the run's encoders, where they are modules'. */
  readonly encoders?: CheckpointEncoders | undefined;
  /** Specification of the data set, if it is no longer where the run found it. */
  readonly data?: string;
  /** Maximum number of held-out studies; 0 for all. */
  readonly limit?: number;
  readonly onMessage?: (text: string) => void;
}

const [comparisonCount, retrievalCount, failureCount, mapCount] = [12, 4, 4, 4];

/** The options, and the run's model, which is opened when it is first needed. */
interface Collection extends CollectOptions {
  readonly model: () => Promise<OpenedModel>;
}

interface Evaluated {
  readonly evaluation?: EvaluationReport;
  readonly data?: DataSet;
  readonly gaps: readonly string[];
}

/** The run's evaluation, and its data set if that can still be opened. */
async function evaluateOrRead({ run, model, data: spec, limit = 0, onMessage }: Collection, config: RunConfig): Promise<Evaluated> {
  let data: DataSet;
  try {
    data = await openDataSet(spec ?? config.data, dataSelection(config));
  } catch (error) {
    if (spec !== undefined || !(error instanceof DataError)) throw error;
    const evaluation = await savedEvaluation(run);
    if (!evaluation) throw new HybridmedError(`${error.message} (name its present location with --data)`);
    return { evaluation, gaps: [`The data set is not where the run found it (${error.message}), so radiographs are not shown.`] };
  }
  const split = (['test', 'validate'] as const).find((name) => data.studies.some((study) => study.split === name));
  if (!split) return { data, gaps: ['The data set has no held-out studies, so nothing was evaluated.'] };
  const gaps = split === 'validate' ? ['The data set has no test split: metrics are on the validation split, by which the checkpoint was also selected.'] : [];
  const evaluation = await evaluateRun({ run, data, split, select: dataSelection(config), limit, model, ...(onMessage ? { onMessage } : {}) });
  return { evaluation, data, gaps };
}

/** Adds a study's thumbnail and findings section, if its files are available. */
type Complete = (example: Example) => Promise<ReportStudy>;

/** Maps of a few studies; a sentence in their place if the checkpoint cannot make any. */
async function heatMaps(
  { model }: Collection,
  examples: readonly Example[],
  studies: ReadonlyMap<string, Study>,
  complete: Complete,
  failures: readonly FailureGroup[],
): Promise<{ maps: MapExample[]; noMaps?: string }> {
  const mappable = new Map(
    examples.flatMap((example) => (example.image !== undefined && studies.has(example.id) ? [[studies.get(example.id)!, example] as const] : [])),
  );
  if (mappable.size === 0) return { maps: [] };
  // The worst case of each rule has its maps, too: the page leads from the failure to them.
  const worst = failures.flatMap(({ cases }) => cases.slice(0, 1).flatMap(({ study }) => studies.get(study.id) ?? [])).filter((study) => mappable.has(study));
  const selected = [...new Set([...mapStudies([...mappable.keys()], mapCount), ...worst])];
  try {
    const shown = await Promise.all(selected.map(async (study) => ({ study, shown: await complete(mappable.get(study)!) })));
    return { maps: await mapExamples(await model(), shown) };
  } catch (error) {
    if (!(error instanceof HybridmedError || error instanceof DataError)) throw error;
    return { maps: [], noMaps: `There are no heat maps: ${error.message}.` };
  }
}

/** The worst studies of each rule, complete. */
function failureGroups(examples: readonly Example[], complete: Complete): Promise<FailureGroup[]> {
  const byId = new Map(examples.map((example) => [example.id, example]));
  const groups = failuresByRule(examples, failureCount).map(async ({ cases, ...rule }) => ({
    ...rule,
    cases: await Promise.all(cases.map(async ({ id, reason }) => ({ study: await complete(byId.get(id)!), reason }))),
  }));
  return Promise.all(groups);
}

/** The images nearest to the impressions of these studies, an impression once. */
function retrievedImages(queries: readonly ReportStudy[], thumbnailOf: (id: string) => Promise<string | undefined>): Promise<RetrievedImages[]> {
  const distinct = [...new Map(queries.map((study) => [study.truth, study])).values()];
  const retrieved = distinct.map(async (study) => {
    const images = (study.nearestImages ?? []).map(async (id) => {
      const thumbnail = await thumbnailOf(id);
      return { id, ...(thumbnail === undefined ? {} : { thumbnail }), own: id === study.id };
    });
    return { study, images: await Promise.all(images) };
  });
  return Promise.all(retrieved);
}

/** Collects a report's data. Throws one line for a folder without a run or a checkpoint, a module that is not named, or unreadable data. */
export async function collectReportData(options: CollectOptions): Promise<ReportData> {
  const { run, device, encoders } = options;
  let opened: Promise<OpenedModel> | undefined;
  const model = () => (opened ??= device().then((own) => openModel(run, { device: own, encoders })));
  try {
    return await collect({ ...options, model });
  } finally {
    await (await opened?.catch(() => undefined))?.close();
  }
}

async function collect(options: Collection): Promise<ReportData> {
  const { run, encoders } = options;
  if (isExported(run)) throw checkpointNeededError(run, 'a report');
  const config = await readRunConfig(run);
  const checkpoint = await describeCheckpoint(run, encoders);
  const provenance = await readProvenance(run);
  const { evaluation, data, gaps } = await evaluateOrRead(options, config);
  const studies = new Map(data?.studies.map((study) => [study.id, study]) ?? []);
  const thumbnailOf = thumbnailReader(new Map([...studies].map(([id, { image }]) => [id, image])));
  const complete: Complete = async (example) => {
    const [thumbnail, findingsSection] = [await thumbnailOf(example.id), studies.get(example.id)?.findings];
    return { ...example, ...(thumbnail === undefined ? {} : { thumbnail }), ...(findingsSection === undefined ? {} : { findingsSection }) };
  };
  const completeAll = (selected: readonly Example[]) => Promise.all(selected.map(complete));
  const examples = [...new Map(evaluation?.examples.map((example) => [example.id, example]) ?? []).values()];
  const imageQueries = await completeAll(evenlySpaced(examples, retrievalCount).filter(({ nearest }) => nearest !== undefined));
  const failures = await failureGroups(examples, complete);
  const { maps, noMaps } = await heatMaps(options, examples, studies, complete, failures);
  return {
    // The folder with its parent: a page that is passed on says nothing else of the machine.
    run: resolve(run).split(sep).slice(-2).join('/'),
    written: new Date().toISOString(),
    version: version(),
    config,
    checkpoint,
    ...(provenance ? { provenance } : {}),
    metrics: await readMetrics(run),
    ...(evaluation ? { evaluation } : {}),
    gaps: noMaps === undefined ? gaps : [...gaps, noMaps],
    comparisons: await completeAll(evenlySpaced(examples, comparisonCount)),
    imageQueries,
    impressionQueries: await retrievedImages(imageQueries, thumbnailOf),
    maps,
    failures,
  };
}
