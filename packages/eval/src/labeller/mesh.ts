// Open-I's MeSH tags as the labeller's labels, so that the labeller can be checked against people's coding.
import type { MentionedLabel, ReportLabel } from './labels.ts';
import { reportLabels } from './labels.ts';

/** Tags (a heading, qualifiers after slashes) of each label. Headings that say nothing of the fourteen labels are in none. */
const headings: Readonly<Record<MentionedLabel, RegExp>> = {
  'Enlarged Cardiomediastinum': /^mediastinum\/.*(?:enlarged|prominent|widened)/,
  Cardiomegaly: /^cardiomegaly|^(?:cardiac shadow|heart)\/.*(?:enlarged|borderline|prominent)/,
  'Lung Opacity': /^(?:opacity|infiltrate|airspace disease|lung diseases, interstitial)|^(?:density|markings)\/.*(?:lung|pulmonary)/,
  'Lung Lesion': /^(?:nodule|mass|lung neoplasms|cavitation)(?!\/.*(?:breast|nipple))/,
  Edema: /^(?:pulmonary edema|pulmonary congestion|heart failure)/,
  Consolidation: /^consolidation/,
  Pneumonia: /^pneumonia/,
  Atelectasis: /^pulmonary atelectasis/,
  Pneumothorax: /^(?:hydro|hemo)?pneumothorax/,
  'Pleural Effusion': /^pleural effusion|^hydropneumothorax|^hemo(?:pneumo)?thorax/,
  'Pleural Other': /^(?:thickening|cicatrix|calcinosis|calcification)\/.*pleura|^pleura\//,
  Fracture: /^fractures, bone/,
  'Support Devices': /^(?:catheters, indwelling|implanted medical device|medical device|tube, inserted|stents|surgical instruments|sutures)/,
};

/** Labels that a report's MeSH tags (separated by semicolons) state: 1 for stated, 0 for not. "No Finding" where no disease is. */
export function meshLabels(tags: string): Record<ReportLabel, 0 | 1> {
  const all = tags
    .toLowerCase()
    .split(';')
    .map((tag) => tag.trim());
  const stated = (label: MentionedLabel): 0 | 1 => (all.some((tag) => headings[label].test(tag)) ? 1 : 0);
  const labels = Object.fromEntries((Object.keys(headings) as MentionedLabel[]).map((label) => [label, stated(label)])) as Record<MentionedLabel, 0 | 1>;
  const diseased = Object.entries(labels).some(([label, value]) => label !== 'Support Devices' && value === 1);
  return Object.fromEntries(reportLabels.map((label) => [label, label === 'No Finding' ? (diseased ? 0 : 1) : labels[label]])) as Record<ReportLabel, 0 | 1>;
}

const findingPhrases = { effusion: 'pleural effusion', emphysema: 'emphysema', cardiomegaly: 'cardiomegaly' } as const;

/** What Open-I's tags are asked for: whether a report is `normal`, and findings that a heading holds by name. */
export type MeshFinding = 'normal' | keyof typeof findingPhrases;

/** Findings of a report's MeSH tags (separated by semicolons): `normal` where that is its tag, a finding where some tag holds its name. */
export function meshFindings(tags: string): Record<MeshFinding, 0 | 1> {
  const all = tags.toLowerCase().split(';');
  const named = Object.entries(findingPhrases).map(([name, phrase]) => [name, all.some((tag) => tag.includes(phrase)) ? 1 : 0]);
  return { normal: tags === 'normal' ? 1 : 0, ...Object.fromEntries(named) } as Record<MeshFinding, 0 | 1>;
}
