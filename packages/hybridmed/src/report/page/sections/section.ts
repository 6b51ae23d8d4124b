// Parts that several sections share: a section's frame, a study's card, words that differ.
import type { ReportStudy } from '../../report-data.ts';
import type { Content, Markup } from '../markup.ts';
import { html, shown } from '../markup.ts';
import type { MarkedWord } from '../text-difference.ts';
import { textDifference } from '../text-difference.ts';

/** A titled part of the page. */
export const section = (id: string, title: string, lead: Content, ...content: readonly Content[]): Markup =>
  html`<section id="${id}">
    <h2>${title}</h2>
    ${lead && html`<p class="lead">${lead}</p>`}${content}
  </section>`;

/** A film, or the place where it would be. */
export const film = (picture: string | undefined, id: string): Markup =>
  picture === undefined ? html`<div class="film none">no film</div>` : html`<img class="film" src="${picture}" alt="${`Film of study ${shown(id, 80)}`}" />`;

/** Words, those that differ marked: `extra` in a generated text, `missed` in the true one. */
function markedWords(words: readonly MarkedWord[], kind: 'extra' | 'missed'): Markup {
  if (words.length === 0) return html`<span class="quiet">(nothing written)</span>`;
  return html`${words.map(({ word, differs }, i) => html`${i > 0 && ' '}${differs ? html`<mark class="${kind}">${shown(word, 80)}</mark>` : shown(word, 80)}`)}`;
}

/** A line of a study's card: whose text, and the text. */
const line = (label: string, text: Content): Markup =>
  html`<div class="line">
    <dt>${label}</dt>
    <dd><bdi>${text}</bdi></dd>
  </div>`;

/** The true impression beside what was written from the film and from the findings. */
export function comparedTexts({ truth, image, findings }: Pick<ReportStudy, 'truth' | 'image' | 'findings'>): Markup {
  const fromFindings = textDifference(truth, findings);
  const fromImage = image === undefined ? undefined : textDifference(truth, image);
  return html`<dl class="texts">
    ${line('true impression', markedWords((fromImage ?? fromFindings).a, 'missed'))}${
      fromImage && line('from the film', markedWords(fromImage.b, 'extra'))
    }${line('from the findings', markedWords(fromFindings.b, 'extra'))}
  </dl>`;
}

/** A study with its film, its texts and notes under them. */
export const studyCard = (study: ReportStudy, ...notes: readonly Content[]): Markup =>
  html`<article class="card study">
    ${film(study.film, study.id)}
    <div class="body">
      <h3>${shown(study.id, 80)}</h3>
      ${comparedTexts(study)}${
        study.source !== undefined &&
        html`<details>
          <summary>Findings section</summary>
          <p class="source"><bdi>${shown(study.source)}</bdi></p>
        </details>`
      }${notes.map((note) => note && html`<p class="note">${note}</p>`)}
    </div>
  </article>`;
