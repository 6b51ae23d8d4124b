// Loss curves of all stages: a chart per loss, training by step and validation by epoch.
import type { Stage } from '@hybridmed/model';
import { lossRows, stageNumbers } from '@hybridmed/model/objective';
import type { StepLine, ValidationLine } from '@hybridmed/training';
import { watchedOf } from '@hybridmed/training';
import type { ReportData } from '../../report-data.ts';
import type { Series } from '../charts/line-chart.ts';
import { lineChart } from '../charts/line-chart.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { section } from './section.ts';

type Loss = (typeof lossRows)[number];

const isOfTokens = ({ unit }: Loss): boolean => unit === 'token';

/** The watched loss first, then those over tokens, then those over studies. */
const rank = (row: Loss): number => (row.watch ? 0 : isOfTokens(row) ? 1 : 2);
const charted = lossRows.toSorted((a, b) => rank(a) - rank(b));

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Both curves of a loss, in nats per token where it is one over tokens. */
function curves(row: Loss, steps: readonly StepLine[], validations: readonly ValidationLine[]): Series[] {
  const { key } = row;
  const unit = (line: ValidationLine) => (isOfTokens(row) ? line.tokensPerStudy : 1);
  const training = steps.flatMap(({ step, losses }) => (typeof losses[key] === 'number' ? [{ x: step, y: losses[key] }] : []));
  const validation = validations.flatMap((line) => {
    const [value, divisor] = [line.validation[key], unit(line)];
    return typeof value === 'number' && divisor ? [{ x: line.step, y: value / divisor }] : [];
  });
  return [
    { name: 'training', kind: 'training', points: training },
    { name: 'validation', kind: 'validation', points: validation },
  ];
}

/** CIDEr by epoch, where the stage was judged by it. */
function ciderCurve(validations: readonly ValidationLine[]): Markup[] {
  const points = validations.flatMap(({ step, cider }) => (cider === undefined ? [] : [{ x: step, y: cider }]));
  if (points.length === 0) return [];
  return [
    lineChart({
      title: 'CIDEr of the impressions written from findings',
      unit: 'from 0 to 10',
      xLabel: 'step',
      series: [{ name: 'validation', kind: 'validation', points }],
    }),
  ];
}

function stageCharts(stage: Stage, metrics: ReportData['metrics']): Markup | undefined {
  const steps = metrics.flatMap((line) => (line.stage === stage && 'losses' in line ? [line] : []));
  const validations = metrics.flatMap((line) => (line.stage === stage && 'validation' in line ? [line] : []));
  const values = [...steps.map(({ losses }) => losses), ...validations.map(({ validation }) => validation)];
  const recordedLosses = charted.filter(({ key }) => values.some((line) => typeof line[key] === 'number'));
  if (recordedLosses.length === 0) return undefined;
  return html`<h3>Stage ${stage}</h3>
    <div class="charts">
      ${recordedLosses.map((row) =>
        lineChart({
          title: capital(row.title),
          unit: isOfTokens(row) ? 'nats per token' : 'nats per study',
          xLabel: 'step',
          series: curves(row, steps, validations),
        }),
      )}
      ${ciderCurve(validations)}
    </div>`;
}

/** The loss curves. */
export function learningSection({ metrics, config }: ReportData): Markup {
  const last = stageNumbers.findLast((number) => metrics.some(({ stage }) => stage === number)) ?? 2;
  const watched = watchedOf(last === 2 ? { stage: last, weights: config } : { stage: last }, config);
  return section(
    'learning',
    'Learning curves',
    html`<span class="legend"><span class="key training"></span>training, each step</span>
      <span class="legend"><span class="key validation"></span>validation, each epoch</span> Long curves are averaged over neighbouring steps. The checkpoint is
      the best by validation of ${watched.title}.`,
    ...stageNumbers.map((stage) => stageCharts(stage, metrics)),
  );
}
