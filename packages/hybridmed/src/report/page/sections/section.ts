// The frame of a section.
import type { Content, Markup } from '../markup.ts';
import { html } from '../markup.ts';

/** A titled part of the page. */
export const section = (id: string, title: string, lead: Content, ...content: readonly Content[]): Markup =>
  html`<section id="${id}">
    <h2>${title}</h2>
    ${lead && html`<p class="lead">${lead}</p>`}${content}
  </section>`;
