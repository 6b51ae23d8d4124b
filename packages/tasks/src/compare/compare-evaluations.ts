// Evaluations of runs compared on the same studies: every measure that all of them have.
import { pairedTest } from '@hybridmed/eval/protocols';
import { resample } from '@hybridmed/eval';
import { checkSameStudies } from '../ablate/compare-figures.ts';
import type { Measure, Statistic } from '../ablate/measures.ts';
import { measures, natsByStudy, questionMeasures, statisticsOf } from '../ablate/measures.ts';
import type { EvaluationReport } from '../evaluate/report.ts';
import type { ComparedFigure } from './figures.ts';
import { comparedFigure } from './figures.ts';

/** The measures of an evaluation with their statistics, by name. */
function measured(evaluation: EvaluationReport): ReadonlyMap<string, { readonly measure: Measure; readonly statistic: Statistic }> {
  const statistics = statisticsOf(evaluation);
  const fixed = measures.flatMap((measure) => (statistics[measure.name] ? [{ measure, statistic: statistics[measure.name]! }] : []));
  return new Map([...fixed, ...questionMeasures(evaluation)].map((entry) => [entry.measure.name, entry]));
}

const meanBySide = (lists: readonly (readonly number[])[]): number[] =>
  lists[0]!.map((_, study) => lists.reduce((sum, list) => sum + list[study]!, 0) / lists.length);

/** The paired test of a measure in nats per study, of the means over seeds; empty for another measure. */
function testOf(name: string, a: readonly EvaluationReport[], b: readonly EvaluationReport[]): Pick<ComparedFigure, 'p'> {
  if ((name !== 'captionNats' && name !== 'gap') || b.length === 0) return {};
  const side = (of: readonly EvaluationReport[]) => meanBySide(of.map((evaluation) => natsByStudy(evaluation)[name]!));
  return { p: pairedTest(side(a), side(b)).p };
}

/** Compares evaluations, `b` perhaps none. Throws one line where they are not of the same studies in the same order. */
export function compareEvaluations(a: readonly EvaluationReport[], b: readonly EvaluationReport[], samples: number): ComparedFigure[] {
  checkSameStudies([...a, ...b]);
  const all = [...a, ...b].map(measured);
  const names = [...all[0]!.keys()].filter((name) => all.every((own) => own.has(name)));
  const count = a[0]!.examples.length;
  // One pass of resampling for each evaluation: the same seed draws the same studies for all of them.
  const resampled = all.map((own) => resample(count, (indices) => names.map((name) => own.get(name)!.statistic(indices)), { samples }));
  return names.map((name, i) => {
    const ofRuns = resampled.map((values) => values[i]!);
    const figure = comparedFigure(all[0]!.get(name)!.measure, ofRuns.slice(0, a.length), ofRuns.slice(a.length));
    return { ...figure, ...testOf(name, a, b) };
  });
}
