// Sections that show studies: texts side by side, retrieval, failures selected by rule, heat maps.
import type { MapExample, ReportData, ReportStudy, RetrievedImages } from '../../report-data.ts';
import type { Markup } from '../markup.ts';
import { cut, html } from '../markup.ts';
import { section } from './section.ts';
import { radiograph, studyCard } from './study-card.ts';

/** True and generated impressions. */
export function textsSection({ comparisons }: ReportData): Markup | undefined {
  if (comparisons.length === 0) return undefined;
  return section(
    'texts',
    'True and generated impressions',
    html`Studies evenly spaced over the split, not selected by result. <mark class="missed">Words</mark> only in the true impression,
      <mark class="extra">words</mark> only in the generated one.`,
    html`<div class="grid-cards two">${comparisons.map((study) => studyCard(study))}</div>`,
  );
}

function nearestImpressions(study: ReportStudy): Markup {
  return html`<article class="card study">
    ${radiograph(study.thumbnail, study.id)}
    <div class="body">
      <h3>${cut(study.id, 80)}</h3>
      <ol class="retrieved">
        ${(study.nearest ?? []).map(
          ({ impression, own, similarity }) =>
            html`<li class="${own ? 'own' : 'other'}">
              <bdi>${cut(impression, 300)}</bdi> <span class="quiet">${similarity.toFixed(2)}${own && ' · its own'}</span>
            </li>`,
        )}
      </ol>
      <p class="note">
        Its own impression has rank
        ${study.rank ?? 0}${study.nearest?.some(({ own }) => own) ? '' : html`: <bdi>${cut(study.truth.replace(/[\s.]+$/, ''), 300)}</bdi>`}.
      </p>
    </div>
  </article>`;
}

function nearestImages({ study, images }: RetrievedImages): Markup {
  return html`<article class="card">
    <p class="query"><bdi>${cut(study.truth, 300)}</bdi></p>
    <div class="strip">
      ${images.map(
        ({ id, thumbnail, own }) =>
          html`<figure class="${own ? 'own' : 'other'}">
            ${radiograph(thumbnail, id)}
            <figcaption>${cut(id, 40)}${own && ' · its own'}</figcaption>
          </figure>`,
      )}
    </div>
  </article>`;
}

/** Retrieval of impressions by images and of images by impressions. */
export function retrievalSection({ imageQueries, impressionQueries }: ReportData): Markup | undefined {
  if (imageQueries.length === 0) return undefined;
  return section(
    'retrieval',
    'Retrieval',
    'Nearest neighbours by cosine similarity in the joint embedding space of images and impressions.',
    html`<h3>Impressions nearest to an image</h3>
      <div class="grid-cards two">${imageQueries.map(nearestImpressions)}</div>`,
    impressionQueries.length > 0 &&
      html`<h3>Images nearest to an impression</h3>
        <div class="grid-cards two">${impressionQueries.map(nearestImages)}</div>`,
  );
}

/** Where the run fails, by rule. */
export function failuresSection({ failures, maps }: ReportData): Markup | undefined {
  if (failures.length === 0) return undefined;
  const mapOf = new Map(maps.map(({ study }, i) => [study.id, mapId(i)]));
  const mapLink = ({ id }: ReportStudy) => mapOf.has(id) && html`<a href="#${mapOf.get(id)}">Heat maps of this study</a>`;
  return section(
    'failures',
    'Failures',
    'Selected by rule from the whole split, worst first.',
    failures.map(
      ({ title, rule, cases }) =>
        html`<h3>${title}</h3>
          <p class="quiet">${rule}</p>
          ${cases.length === 0 ? html`<p>None.</p>` : html`<div class="grid-cards two">${cases.map(({ study, reason }) => studyCard(study, reason, mapLink(study)))}</div>`}`,
    ),
  );
}

/** Where a study's maps stand on the page: by number, since ids are what strangers wrote. */
const mapId = (i: number): string => `map-${i}`;

function mapCard({ study, maps }: MapExample, i: number): Markup {
  const verdict = (inside: boolean) => html`<span class="${inside ? 'inside' : 'outside'}">${inside ? 'inside' : 'outside'} the true region</span>`;
  return html`<article class="card maps" id="${mapId(i)}">
    <h3>${cut(study.id, 80)}</h3>
    <p class="query"><bdi>${cut(study.truth, 300)}</bdi></p>
    <div class="strip">
      ${maps.map(
        ({ title, caption, picture, inside }) =>
          html`<figure>
            <img class="radiograph" src="${picture}" alt="${`${title} of study ${cut(study.id, 80)}`}" />
            <figcaption><strong>${title}</strong> ${caption}${inside !== undefined && verdict(inside)}</figcaption>
          </figure>`,
      )}
    </div>
  </article>`;
}

/** Heat maps over radiographs. */
export function mapsSection({ maps }: ReportData): Markup | undefined {
  if (maps.length === 0) return undefined;
  return section(
    'maps',
    'Heat maps',
    'Heat maps, each scaled from its minimum to its maximum, for the study’s own impression compared with that of a normal radiograph. They show what the model’s answer depends on, not why.',
    html`<div class="grid-cards two">${maps.map(mapCard)}</div>`,
  );
}
