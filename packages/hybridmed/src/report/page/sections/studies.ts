// Studies one by one: texts side by side, what retrieval finds, failures picked by rule, heat maps.
import type { FoundFilms, MapExample, ReportData, ReportStudy } from '../../report-data.ts';
import type { Markup } from '../markup.ts';
import { html, shown } from '../markup.ts';
import { film, section, studyCard } from './section.ts';

/** True beside generated texts. */
export function textsSection({ comparisons }: ReportData): Markup | undefined {
  if (comparisons.length === 0) return undefined;
  return section(
    'texts',
    'True and generated impressions',
    html`Studies evenly spaced over the split, not chosen by how well they went. <mark class="missed">Words</mark> that only the true impression has,
      <mark class="extra">words</mark> that only the generated one has.`,
    html`<div class="grid-cards two">${comparisons.map((study) => studyCard(study))}</div>`,
  );
}

function nearest(study: ReportStudy): Markup {
  return html`<article class="card study">
    ${film(study.film, study.id)}
    <div class="body">
      <h3>${shown(study.id, 80)}</h3>
      <ol class="found">
        ${(study.nearest ?? []).map(
          ({ impression, own, similarity }) =>
            html`<li class="${own ? 'own' : 'other'}">
              <bdi>${shown(impression, 300)}</bdi> <span class="quiet">${similarity.toFixed(2)}${own && ' · its own'}</span>
            </li>`,
        )}
      </ol>
      <p class="note">
        Its own impression is at place
        ${study.rank ?? 0}${study.nearest?.some(({ own }) => own) ? '' : html`: <bdi>${shown(study.truth.replace(/[\s.]+$/, ''), 300)}</bdi>`}.
      </p>
    </div>
  </article>`;
}

function foundFilms({ study, films }: FoundFilms): Markup {
  return html`<article class="card">
    <p class="query"><bdi>${shown(study.truth, 300)}</bdi></p>
    <div class="strip">
      ${films.map(
        ({ id, film: picture, own }) =>
          html`<figure class="${own ? 'own' : 'other'}">
            ${film(picture, id)}
            <figcaption>${shown(id, 40)}${own && ' · its own'}</figcaption>
          </figure>`,
      )}
    </div>
  </article>`;
}

/** What films and impressions find of each other. */
export function retrievalSection({ retrieval, found }: ReportData): Markup | undefined {
  if (retrieval.length === 0) return undefined;
  return section(
    'retrieval',
    'What it finds',
    'Nearest by cosine similarity in the common space of films and impressions.',
    html`<h3>Impressions nearest to a film</h3>
      <div class="grid-cards two">${retrieval.map(nearest)}</div>`,
    found.length > 0 &&
      html`<h3>Films nearest to an impression</h3>
        <div class="grid-cards two">${found.map(foundFilms)}</div>`,
  );
}

/** Where the run fails, by rule. */
export function failuresSection({ failures }: ReportData): Markup | undefined {
  if (failures.length === 0) return undefined;
  return section(
    'failures',
    'Where it fails',
    'Picked by rule from the whole split, worst first.',
    failures.map(
      ({ title, rule, cases }) =>
        html`<h3>${title}</h3>
          <p class="quiet">${rule}</p>
          ${cases.length === 0 ? html`<p>None.</p>` : html`<div class="grid-cards two">${cases.map(({ study, reason }) => studyCard(study, reason))}</div>`}`,
    ),
  );
}

function mapCard({ study, maps }: MapExample): Markup {
  const verdict = (inside: boolean) => html`<span class="${inside ? 'inside' : 'outside'}">${inside ? 'inside' : 'outside'} the true region</span>`;
  return html`<article class="card maps">
    <h3>${shown(study.id, 80)}</h3>
    <p class="query"><bdi>${shown(study.truth, 300)}</bdi></p>
    <div class="strip">
      ${maps.map(
        ({ title, caption, picture, inside }) =>
          html`<figure>
            <img class="film" src="${picture}" alt="${`${title} of study ${shown(study.id, 80)}`}" />
            <figcaption><strong>${title}</strong> ${caption}${inside !== undefined && verdict(inside)}</figcaption>
          </figure>`,
      )}
    </div>
  </article>`;
}

/** Heat maps over films. */
export function mapsSection({ maps }: ReportData): Markup | undefined {
  if (maps.length === 0) return undefined;
  return section(
    'maps',
    'Where it looks',
    'Bright places, each map from its least to its greatest value, for the study’s own impression against that of a normal film. They say what the model’s answer depends on, not why.',
    html`<div class="grid-cards two">${maps.map(mapCard)}</div>`,
  );
}
