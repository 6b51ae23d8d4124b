// Labels that a sentence names, by rules: mentions, and whether the clause they stand in denies them.
import type { FindingName } from './findings.ts';
import { phantomFindings } from './findings.ts';

const mentions: Readonly<Record<FindingName, RegExp>> = {
  pneumothorax: /\bpneumothora(x|ces)\b/g,
  effusion: /\beffusions?\b/g,
  opacity: /\b(?<!linear )(opacit(y|ies)|consolidations?|infiltrates?|pneumonia)\b/g,
  nodule: /\bnodules?\b/g,
  edema: /\b(o?edema|vascular congestion)\b/g,
  cardiomegaly:
    /\b(cardiomegaly|(heart|cardiac silhouette) (is|appears) (\w+ )?enlarged|enlarge(d|ment of the) (heart|cardiac silhouette)|cardiac enlargement)\b/g,
  atelectasis: /\b(atelecta(sis|ses)|atelectatic)\b/g,
  line: /\b(catheters?|central line|picc)\b/g,
};

const denialBefore = /\b(no|not|without|negative for|free of|absence of|resolved|resolution of|rather than)\b/;
const denialAfter = /^[\w\s]{0,20}\b(is|are|has|have) (not|no longer|resolved|been removed|absent)\b/;

/** Clauses of a text, lower-cased: a denial does not reach over their ends. */
const clausesOf = (text: string): string[] => text.toLowerCase().split(/[.;:]|\bbut\b|\bhowever\b|\balthough\b/);

/** Which findings a text asserts: 1 where some clause names it without denying it. A rule labeller of our own; see README for its limits. */
export function labelFindings(text: string): Record<FindingName, 0 | 1> {
  const labels = Object.fromEntries(phantomFindings.map((name) => [name, 0])) as Record<FindingName, 0 | 1>;
  for (const clause of clausesOf(text)) {
    for (const name of phantomFindings) {
      for (const match of clause.matchAll(mentions[name])) {
        const denied = denialBefore.test(clause.slice(0, match.index)) || denialAfter.test(clause.slice(match.index + match[0].length));
        if (!denied) labels[name] = 1;
      }
    }
  }
  return labels;
}
