// Loss curves of both stages: a chart per loss, training by step and validation by epoch.
import type { LossName } from '@hybridmed/model';
import { lossNames } from '@hybridmed/model';
import type { StepLine, ValidationLine } from '@hybridmed/training';
import type { ReportData } from '../../report-data.ts';
import type { Series } from '../charts/line-chart.ts';
import { lineChart } from '../charts/line-chart.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { section } from './section.ts';

const titles: Readonly<Record<LossName, string>> = {
  cap: 'Captioning (image to impression)',
  sum: 'Summarization (findings to impression)',
  dis: 'Distillation',
  cg: 'Global contrast',
  cl: 'Local contrast',
};
const perToken: readonly LossName[] = ['cap', 'sum', 'dis'];
const order: readonly LossName[] = ['cap', 'sum', 'dis', 'cg', 'cl'];

/** Both curves of a loss, in nats per token where it is one over tokens. */
function curves(name: LossName, steps: readonly StepLine[], validations: readonly ValidationLine[]): Series[] {
  const unit = (line: ValidationLine) => (perToken.includes(name) ? line.tokensPerStudy : 1);
  const training = steps.flatMap(({ step, losses }) => (typeof losses[name] === 'number' ? [{ x: step, y: losses[name] }] : []));
  const validation = validations.flatMap((line) => {
    const [value, divisor] = [line.validation[name], unit(line)];
    return typeof value === 'number' && divisor ? [{ x: line.step, y: value / divisor }] : [];
  });
  return [
    { name: 'training', kind: 'training', points: training },
    { name: 'validation', kind: 'validation', points: validation },
  ];
}

function stageCharts(stage: 1 | 2, metrics: ReportData['metrics']): Markup | undefined {
  const steps = metrics.flatMap((line) => (line.stage === stage && 'losses' in line ? [line] : []));
  const validations = metrics.flatMap((line) => (line.stage === stage && 'validation' in line ? [line] : []));
  const recordedLosses = order.filter(
    (name) =>
      lossNames.includes(name) &&
      [...steps.map(({ losses }) => losses), ...validations.map(({ validation }) => validation)].some((values) => typeof values[name] === 'number'),
  );
  if (recordedLosses.length === 0) return undefined;
  return html`<h3>Stage ${stage}</h3>
    <div class="charts">
      ${recordedLosses.map((name) =>
        lineChart({
          title: titles[name],
          unit: perToken.includes(name) ? 'nats per token' : 'nats per study',
          xLabel: 'step',
          series: curves(name, steps, validations),
        }),
      )}
    </div>`;
}

/** The loss curves. */
export const learningSection = ({ metrics }: ReportData): Markup =>
  section(
    'learning',
    'Learning curves',
    html`<span class="legend"><span class="key training"></span>training, each step</span>
      <span class="legend"><span class="key validation"></span>validation, each epoch</span> Long curves are averaged over neighbouring steps. The checkpoint is
      the best by validation loss of ${metrics.some(({ stage }) => stage === 2) ? 'captioning' : 'summarization'}.`,
    stageCharts(1, metrics),
    stageCharts(2, metrics),
  );
