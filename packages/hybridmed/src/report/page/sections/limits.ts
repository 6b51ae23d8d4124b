// What the page does not say: limits of the method, of the figures, and of this page.
import type { ReportData } from '../../report-data.ts';
import type { Markup } from '../markup.ts';
import { html } from '../markup.ts';
import { section } from './section.ts';

const general = [
  'Agreement of words is not agreement of meaning: a fluent text can be wrong, and a right one can be worded otherwise.',
  'Each study has one reference text; what a radiologist left unsaid counts as absent.',
  'Intervals are over studies of one run; another seed would move the figures too.',
  'The model sees one film, without history, earlier films or other views.',
  'Heat maps show what the model’s answer depends on, not why.',
];

/** Limits. */
export const limitsSection = ({ gaps, config }: ReportData): Markup =>
  section(
    'limits',
    'Limits',
    undefined,
    html`<ul>
      ${[...gaps, ...(config.data.startsWith('phantom:') ? ['Phantoms are drawn by a program: what is learnt on them says little about patients.'] : []), ...general].map((text) => html`<li>${text}</li>`)}
    </ul>`,
    config.data.startsWith('openi:') &&
      html`<p class="quiet">Films and reports: Open-I, Indiana University, CC BY-NC-ND 4.0. This page holds some of them; do not pass it on.</p>`,
    html`<p class="warning"><strong>Not a medical device.</strong> Not for diagnosis, triage or any other use in the care of patients.</p>`,
  );
