// Replays goldens of what compares texts: a labeller's heads with its F1, BERTScore, and the calibration of probabilities.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bertScore, bertScoreMeans } from '@hybridmed/eval/generation';
import type { EmbeddedText } from '@hybridmed/eval/generation';
import { chexbertAgreement, chexbertLabelSet, chexbertPredictions } from '@hybridmed/eval/labeller';
import type { CalibrationReport } from '@hybridmed/eval/protocols';
import { binaryCalibration, multiclassCalibration } from '@hybridmed/eval/protocols';
import { rootScope } from '@hybridmed/nn';
import { pretrainedHeads, pretrainedText } from '@hybridmed/runtime/encoders';
import type { Device, HostArray, HostArrays } from '@hybridmed/tensor';
import { compile, HybridmedError } from '@hybridmed/tensor';
import { bert, bertHeads } from '@hybridmed/text';
import type { Comparison, Golden } from './golden.ts';
import { asFloat, relativeError, Report, scalarError } from './golden.ts';

const [logitBound, scoreBound] = [1e-4, 1e-6];

/** The folder that a golden names relative to its own. Throws a HybridmedError that names it where it is absent. */
function namedFolder({ name, folder = '.' }: Golden, path: string): string {
  const named = join(folder, path);
  if (!existsSync(named))
    throw new HybridmedError(`${name}.json: names the folder ${named}, which is not there; restore it, or leave the file out with --only`);
  return named;
}

/** Logits of CheXbert's heads side by side, (texts, 54), of the golden's ids. */
async function headLogits(device: Device, folder: string, { arrays }: Golden): Promise<HostArray> {
  const { config, load } = await pretrainedHeads(folder);
  const module = bertHeads(config);
  const run = compile(device, ({ ids, mask, ...state }) => ({ logits: module.call(rootScope(state), ids!, mask!) }));
  const results = await run({ ...(await load()), ids: arrays['in.ids']!, mask: asFloat(arrays['in.mask']!) });
  return results.logits!;
}

/** Replays a labeller: logits of each head, classes, and F1 over fourteen labels and five between two lists of its texts. */
export async function verifyLabeller(device: Device, golden: Golden): Promise<Comparison[]> {
  const { json, arrays, name } = golden;
  const report = new Report(name, device.info);
  const { data, shape } = await headLogits(device, namedFolder(golden, json.folder as string), golden);
  const [texts, width] = shape as [number, number];
  for (let head = 0, offset = 0; `out.logits.${head}` in arrays; head++) {
    const expected = arrays[`out.logits.${head}`]!;
    const [start, classes] = [offset, expected.shape[1]!];
    const own = Float32Array.from({ length: texts * classes }, (_, i) => data[Math.floor(i / classes) * width + start + (i % classes)]!);
    report.add('logits of each head', relativeError(own, expected.data), logitBound, 'outputs');
    offset += classes;
  }
  const predicted = chexbertPredictions({ data: data as Float32Array, shape });
  report.add('fraction of other classes', predicted.flat().filter((value, i) => value !== arrays['out.classes']!.data[i]).length / (texts * 14), 0);
  for (const [key, uncertain] of [['positive_alone', 0] as const, ['positive_or_uncertain', 1] as const]) {
    const sets = (json.predicted as number[][]).map((classes) => chexbertLabelSet(classes, { uncertain }));
    const pick = (indices: readonly number[]) => indices.map((i) => sets[i]!);
    const agreement = chexbertAgreement(pick(json.references), pick(json.hypotheses), { samples: 1 });
    for (const part of ['all14', 'five'] as const) {
      const expected = json.f1[key][part];
      const labels = (part === 'five' ? json.five : json.names) as string[];
      report.add(`${key}, ${part}: micro F1`, scalarError(agreement[part].micro, expected.micro), scoreBound);
      report.add(`${key}, ${part}: macro F1`, scalarError(agreement[part].macro, expected.macro), scoreBound);
      const each = Float64Array.from(labels, (label) => agreement[part].perLabel[label]!);
      report.add(`${key}, ${part}: F1 of each label`, relativeError(each, Float64Array.from(expected.each)), scoreBound);
      report.add(`${key}, ${part}: all labels equal`, scalarError(agreement[part].exactMatch, expected.accuracy), scoreBound);
    }
  }
  return report.rows();
}

/** Hidden states of texts given by their ids, each encoded alone. */
async function embedIds(device: Device, folder: string, texts: readonly (readonly number[])[]): Promise<EmbeddedText[]> {
  const { config, load } = await pretrainedText(folder, { pooling: 'cls' });
  const encoder = bert(config);
  const all = await load();
  const parameters: HostArrays = Object.fromEntries(Object.keys(encoder.parameters).map((key) => [key, all[key]!]));
  const run = compile(device, ({ ids, mask, ...state }) => ({ tokens: encoder.call(rootScope(state), ids!, mask!).tokens }));
  const embedded: EmbeddedText[] = [];
  for (const ids of texts) {
    const shape = [1, ids.length];
    const { tokens } = await run({ ...parameters, ids: { data: Int32Array.from(ids), shape }, mask: { data: new Float32Array(ids.length).fill(1), shape } });
    embedded.push({ ids, states: { data: tokens!.data as Float32Array, shape: [ids.length, encoder.width] } });
  }
  return embedded;
}

/** Replays BERTScore of pairs of texts, by their ids. */
export async function verifyBertScore(device: Device, golden: Golden): Promise<Comparison[]> {
  const { json, name } = golden;
  const report = new Report(name, device.info);
  const folder = namedFolder(golden, json.model as string);
  const [candidateIds, referenceIds] = [json.candidate_ids, json.reference_ids] as number[][][];
  const [candidates, references] = [await embedIds(device, folder, candidateIds!), await embedIds(device, folder, referenceIds!)];
  // Every text begins with [CLS] and ends with [SEP].
  const special = [candidateIds![0]![0]!, candidateIds![0]!.at(-1)!];
  const scores = candidates.map((candidate, i) => bertScore(candidate, references[i]!, { special }));
  const means = bertScoreMeans(scores, { samples: 1 });
  for (const key of ['precision', 'recall', 'f1'] as const) {
    const own = Float64Array.from(scores, (score) => score[key]);
    report.add(`${key} of each pair`, relativeError(own, Float64Array.from(json[key])), scoreBound, 'outputs');
    report.add(`mean ${key}`, scalarError(means[key].value, json.mean[key]), scoreBound, 'outputs');
  }
  return report.rows();
}

/** What reference files call the figures of calibration. */
const calibrationFigures: Readonly<Record<string, (report: CalibrationReport) => number>> = {
  ece: ({ ece }) => ece.value,
  mce: ({ mce }) => mce.value,
  adaptive_ece: ({ adaptiveEce }) => adaptiveEce.value,
  brier: ({ brier }) => brier.value,
  nll: ({ nll }) => nll?.value ?? Number.NaN,
};

/** Replays calibration of one probability a case and of one a class. It runs on the host, whatever the device. */
export function verifyCalibration({ name, json }: Golden): Comparison[] {
  const report = new Report(name);
  const options = { bins: json.n_bins as number, samples: 1 };
  const rows = json.multiclass.probabilities as number[][];
  const matrix = { data: Float64Array.from(rows.flat()), shape: [rows.length, rows[0]!.length] };
  const reports = {
    binary: binaryCalibration(json.binary.probabilities as number[], json.binary.labels as (0 | 1)[], options),
    multiclass: multiclassCalibration(matrix, json.multiclass.labels as number[], options),
  };
  for (const [kind, own] of Object.entries(reports)) {
    const expected = json[kind];
    for (const [key, value] of Object.entries(calibrationFigures)) report.add(`${kind}: ${key}`, scalarError(value(own), expected[key]), scoreBound);
    const counts = own.bins.map(({ count }) => count);
    const theirs = (expected.bins as { count: number }[]).map(({ count }) => count);
    report.add(`${kind}: counts of bins`, relativeError(Float64Array.from(counts), Float64Array.from(theirs)), 0);
  }
  return report.rows();
}
