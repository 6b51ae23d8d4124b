// A study on the page: its radiograph, and its impressions with the words marked in which they differ.
import type { ReportStudy } from '../../report-data.ts';
import type { Content, Markup } from '../markup.ts';
import { cut, html } from '../markup.ts';
import type { MarkedWord } from '../text-difference.ts';
import { textDifference } from '../text-difference.ts';

/** A radiograph, or an empty frame. */
export const radiograph = (thumbnail: string | undefined, id: string): Markup =>
  thumbnail === undefined
    ? html`<div class="radiograph none">no image</div>`
    : html`<img class="radiograph" src="${thumbnail}" alt="${`Radiograph of study ${cut(id, 80)}`}" />`;

/** Words, those that differ marked: `extra` in a generated text, `missed` in the true one. */
function markedWords(words: readonly MarkedWord[], kind: 'extra' | 'missed'): Markup {
  if (words.length === 0) return html`<span class="quiet">(empty)</span>`;
  return html`${words.map(({ word, differs }, i) => html`${i > 0 && ' '}${differs ? html`<mark class="${kind}">${cut(word, 80)}</mark>` : cut(word, 80)}`)}`;
}

/** A text with its label. */
const labelledText = (label: string, text: Content): Markup =>
  html`<div class="line">
    <dt>${label}</dt>
    <dd><bdi>${text}</bdi></dd>
  </div>`;

/** The true impression with those generated from the image, also by likelihood ratio, and from the findings. */
export function comparedTexts({ truth, image, imageRatio, findings }: Pick<ReportStudy, 'truth' | 'image' | 'imageRatio' | 'findings'>): Markup {
  const fromFindings = textDifference(truth, findings);
  const fromImage = image === undefined ? undefined : textDifference(truth, image);
  const byRatio = imageRatio === undefined ? undefined : textDifference(truth, imageRatio);
  return html`<dl class="texts">
    ${labelledText('true impression', markedWords((fromImage ?? fromFindings).a, 'missed'))}${
      fromImage && labelledText('from the image', markedWords(fromImage.b, 'extra'))
    }${byRatio && labelledText('from the image, likelihood ratio', markedWords(byRatio.b, 'extra'))}${labelledText('from the findings', markedWords(fromFindings.b, 'extra'))}
  </dl>`;
}

/** A study with its radiograph, its texts and notes under them. */
export const studyCard = (study: ReportStudy, ...notes: readonly Content[]): Markup =>
  html`<article class="card study">
    ${radiograph(study.thumbnail, study.id)}
    <div class="body">
      <h3>${cut(study.id, 80)}</h3>
      ${comparedTexts(study)}${
        study.findingsSection !== undefined &&
        html`<details>
          <summary>Findings section</summary>
          <p class="findings"><bdi>${cut(study.findingsSection)}</bdi></p>
        </details>`
      }${notes.map((note) => note && html`<p class="note">${note}</p>`)}
    </div>
  </article>`;
