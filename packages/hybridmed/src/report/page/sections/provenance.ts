// The run: data with counts and hashes, settings, sizes, time and machine.
import { weightsInWords } from '@hybridmed/model/objective';
import type { Provenance, RecordedChange, RecordedRatio, SplitSummary } from '@hybridmed/runtime/run';
import { runSettings } from '@hybridmed/runtime/settings';
import { ratesInWords, stagesInWords } from '@hybridmed/training/settings';
import type { ReportData } from '../../report-data.ts';
import type { Content, Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { section } from './section.ts';

const grouped = (count: number): string => count.toLocaleString('en-US');

function duration(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 120) return `${seconds} seconds`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${(seconds / 3600).toFixed(1)} hours`;
}

const formatTime = (iso: string): string => `${iso.slice(0, 16).replace('T', ' ')} UTC`;

const factList = (rows: readonly (readonly [string, Content])[]): Markup =>
  html`<dl class="facts-list">
    ${rows.flatMap(([name, value]) =>
      value
        ? [
            html`<div>
              <dt>${name}</dt>
              <dd>${value}</dd>
            </div>`,
          ]
        : [],
    )}
  </dl>`;

/** A change of a resumed run: what it was, what it became, and from where on. */
const describeChange = ({ setting, from, to, stage, step }: RecordedChange): string => {
  const show = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return `${setting}: ${show(from)}, then ${show(to)}, after step ${step} of stage ${stage}`;
};

/** A likelihood ratio that was chosen for a checkpoint: when, for which, on what, and its numbers. */
const describeRatio = ({ chosen, checkpoint, weights, studies, weight, threshold }: RecordedRatio): string =>
  `${formatTime(chosen)}: ${checkpoint} (${weights.slice(0, 12)}), ${grouped(studies)} studies, a ${weight}, threshold ${threshold.toFixed(3)}`;

function dataCard({ data, sessions, likelihoodRatios = [] }: Provenance): Markup {
  const changes = sessions.flatMap((session) => session.changes ?? []);
  const skipped = data.skipped ?? [];
  const row = (name: string, { studies, reports, ids }: SplitSummary) =>
    html`<tr>
      <th scope="row">${name}</th>
      <td class="number">${grouped(studies)}</td>
      <td class="number">${grouped(reports)}</td>
      <td><code>${ids.slice(0, 12)}</code></td>
    </tr>`;
  const dropped = Object.entries(data.dropped).map(([reason, count]) => html`<li>${grouped(count)}: ${reason}</li>`);
  return html`<article class="card">
    <h3>Data</h3>
    <p class="spec"><code>${data.spec}</code></p>
    <table class="plain">
      <thead>
        <tr>
          <th>split</th>
          <th class="number">images</th>
          <th class="number">reports</th>
          <th>ids (SHA-256)</th>
        </tr>
      </thead>
      <tbody>
        ${[row('train', data.splits.train), row('validate', data.splits.validate), row('test', data.splits.test)]}
      </tbody>
    </table>
    ${
      dropped.length > 0 &&
      html`<p class="quiet">Left out before training:</p>
        <ul class="quiet">
          ${dropped}
        </ul>`
    }
    ${
      skipped.length > 0 &&
      html`<p class="quiet">Skipped in training, since their images could not be read:</p>
        <ul class="quiet">
          ${skipped.map(({ id, reason, stage, step }) => html`<li>${id}, from step ${step} of stage ${stage} on: ${reason}</li>`)}
        </ul>`
    }
    ${
      changes.length > 0 &&
      html`<p class="quiet">Changed when the run was resumed:</p>
        <ul class="quiet">
          ${changes.map((change) => html`<li>${describeChange(change)}</li>`)}
        </ul>`
    }
    ${
      likelihoodRatios.length > 0 &&
      html`<p class="quiet">Likelihood ratios, each chosen on the validation split:</p>
        <ul class="quiet">
          ${likelihoodRatios.map((ratio) => html`<li>${describeRatio(ratio)}</li>`)}
        </ul>`
    }
  </article>`;
}

function runCard({ provenance, metrics }: ReportData): Markup {
  const steps = metrics.flatMap((line) => ('losses' in line ? [line] : []));
  const speeds = steps.map(({ studiesPerSecond }) => studiesPerSecond).toSorted((a, b) => a - b);
  const sessions = provenance?.sessions ?? [];
  const time = sessions.reduce((sum, { started, ended }) => sum + Date.parse(ended) - Date.parse(started), 0);
  return html`<article class="card">
    <h3>Time and machine</h3>
    ${factList([
      ['device', [...new Set(sessions.map(({ device }) => device))].join('; ') || 'not recorded'],
      ['started', sessions.length > 0 && formatTime(sessions[0]!.started)],
      ['duration', sessions.length > 0 && `${duration(time)}${sessions.length > 1 ? ` in ${sessions.length} sessions` : ''}`],
      [
        'steps',
        steps.length > 0 &&
          `${grouped(steps.filter(({ stage }) => stage === 1).length)} of stage 1, ${grouped(steps.filter(({ stage }) => stage === 2).length)} of stage 2`,
      ],
      ['speed', speeds.length > 0 && `${speeds[Math.floor(speeds.length / 2)]!.toFixed(1)} studies per second (median step)`],
      ['memory', steps.length > 0 && `${grouped(steps.reduce((peak, line) => Math.max(peak, line.residentMiB ?? 0), 0))} MiB at most`],
      ['version', [...new Set(sessions.map((session) => session.version))].join(', ')],
    ])}
  </article>`;
}

function modelCard({ checkpoint }: ReportData): Markup {
  const { parameters, secondBranch, image, vocabulary, stage } = checkpoint;
  return html`<article class="card">
    <h3>Model</h3>
    ${factList([
      [
        'image',
        image ? `${image.size} × ${image.size} pixels, ${image.channels === 1 ? 'grey' : `${image.channels} channels`}` : 'none: it was trained without images',
      ],
      ['vocabulary', `${grouped(vocabulary)} tokens`],
      [
        'parameters',
        `${grouped(parameters.total!)}: vision ${grouped(parameters.vision!)}, text ${grouped(parameters.text!)}, alignment ${grouped(parameters.align!)}, decoder ${grouped(parameters.decoder!)}`,
      ],
      ['second branch', `${grouped(secondBranch.parameters)} parameters, ${secondBranch.percentOfModel} % of the model`],
      ['checkpoint', `best of stage ${stage} by validation`],
    ])}
  </article>`;
}

function settingsCard({ config }: ReportData): Markup {
  return html`<article class="card">
    <h3>Settings</h3>
    ${factList([
      ['seed', String(config.seed)],
      ['epochs', `${config.stage1 === true ? `${config.epochs[0]} of stage 1, ` : ''}${config.epochs[1]} of stage 2`],
      ['stage 1', config.stage1 === true ? 'of this run' : config.stage1 === false ? 'skipped' : html`from <code>${config.stage1}</code>`],
      ['batch', `${config.batch}${config.accumulate > 1 ? ` × ${config.accumulate} passes` : ''}`],
      ['learning rate', `${ratesInWords(config.learningRate)} at its peak, ${config.warmup * 100} % warm-up, cosine to 0`],
      ['by stage', stagesInWords(runSettings, config.stages)],
      ['loss weights', weightsInWords(config)],
      ['distillation', config.dis === 0 ? 'none' : `${config.teacher} teacher, temperature ${config.temperature}`],
      ['equal impressions', config.duplicates === 'unique' ? 'one text' : config.duplicates],
    ])}
    <p class="quiet">Everything else is in <code>run.json</code>, which <code>pretrain --config</code> takes.</p>
  </article>`;
}

/** What was trained, and on what. */
export const provenanceSection = (data: ReportData): Markup =>
  section(
    'run',
    'Run',
    undefined,
    html`<div class="columns two">
      ${
        data.provenance
          ? dataCard(data.provenance)
          : html`<article class="card">
              <h3>Data</h3>
              <p class="spec"><code>${data.config.data}</code></p>
              <p class="quiet">The version that made this run did not record counts and hashes.</p>
            </article>`
      }${settingsCard(data)}${modelCard(data)}${runCard(data)}
    </div>`,
  );
