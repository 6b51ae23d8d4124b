// Labels beside CheXpert's fourteen: what chest images often show and reports often say, and the fourteen have no name for.
import type { Certainty } from './certainty.ts';
import { labelReport, certaintiesOf } from './labeller.ts';
import type { ReportLabel } from './labels.ts';
import { reportLabels } from './labels.ts';

/** Mentions of each added label, to be matched in lower-case clauses. Air under the skin is no emphysema of the lungs; fractures have their own label. */
const addedMentions = {
  Emphysema:
    /\b(?<!subcutaneous |soft tissue |mediastinal )emphysema(?:tous)?\b|\bcopd\b|\bhyper-?(?:inflat|expan|aerat|lucen|disten)\w*|\bchronic obstructive\b|\bflatten(?:ed|ing)(?: of)?(?: the)?(?: bilateral)? (?:hemi)?diaphragms?\b/g,
  'Granuloma or Calcification': /\b(?:granulom\w*|calcif\w*|calcinosis)\b/g,
  Scar: /\b(?:scar(?:s|red|rings?)?|fibro(?:sis|tic)|cicatri\w*)\b/g,
  'Bone Change':
    /\b(?:scoliosis|scoliotic|kypho(?:sis|tic|scoliosis)|degenerat\w*|spondyl\w*|osteo(?:phyt|pen|por|arthr)\w*|arthritis|arthritic|arthropathy|dextroscoliosis|levoscoliosis)\b/g,
} satisfies Readonly<Record<string, RegExp>>;

/** A label beside the fourteen. */
export type AddedLabel = keyof typeof addedMentions;

/** The labels beside the fourteen. */
export const addedLabels = Object.keys(addedMentions) as readonly AddedLabel[];

/** A label that images can be trained by. */
export type ImageLabel = ReportLabel | AddedLabel;

/** Labels that images can be trained by: CheXpert's fourteen in their order, then those beside them. */
export const imageLabels: readonly ImageLabel[] = [...reportLabels, ...addedLabels];

/**
 * Certainty of what a report's text says of each label; one that it does not mention is left out. Of the fourteen it is `labelReport`'s:
 * the added labels change none, so that "No Finding" may be present beside an old granuloma.
 */
export function labelImage(text: string): Readonly<Partial<Record<ImageLabel, Certainty>>> {
  const fourteen = Object.entries(labelReport(text)).map(([label, { certainty }]) => [label, certainty] as const);
  return Object.fromEntries([...fourteen, ...certaintiesOf(text, addedMentions)]);
}

/** Open-I's MeSH tags (a heading, qualifiers after slashes) of each added label. */
const headings: Readonly<Record<AddedLabel, RegExp>> = {
  Emphysema: /^(?:pulmonary |bullous )?emphysema|^pulmonary disease, chronic obstructive|^lung\/.*hyperdistention/,
  'Granuloma or Calcification': /^calcified granuloma|^granuloma|^calcinosis/,
  Scar: /^cicatrix|^pulmonary fibrosis/,
  'Bone Change': /^(?:scoliosis|kyphosis|spondylosis|osteophyte|osteoporosis|arthritis|bone diseases, metabolic|hyperostosis)|\/degenerative/,
};

/** Added labels that a report's MeSH tags (separated by semicolons) state: 1 for stated, 0 for not. */
export function addedMeshLabels(tags: string): Record<AddedLabel, 0 | 1> {
  const all = tags
    .toLowerCase()
    .split(';')
    .map((tag) => tag.trim());
  return Object.fromEntries(addedLabels.map((label) => [label, all.some((tag) => headings[label].test(tag)) ? 1 : 0])) as Record<AddedLabel, 0 | 1>;
}
