// Reports of phantom studies: findings described region by region and an impression that names what matters, in wordings that vary.
import type { Draws } from './draw.ts';
import type { Finding, FindingName } from './findings.ts';

const size = ['small', 'moderate', 'large'] as const;
const degree = ['mild', 'moderate', 'severe'] as const;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const sideOf = ({ sides }: Finding): string => (sides.length === 2 ? 'bilateral' : sides[0]!);
const lungOf = (finding: Finding): string => `${sideOf(finding)} ${finding.zone} lung`;
const article = (word: string): string => `${/^[aeiou]/.test(word) ? 'an' : 'a'} ${word}`;

type Wording = (finding: Finding) => readonly string[];

const described: Readonly<Record<FindingName, Wording>> = {
  pneumothorax: (f) => [`there is a ${size[f.grade]} ${sideOf(f)} pneumothorax`, `a ${size[f.grade]} pneumothorax is seen on the ${sideOf(f)}`],
  effusion: (f) =>
    f.sides.length === 2
      ? [`there are ${size[f.grade]} bilateral pleural effusions`, `${size[f.grade]} pleural effusions are present on both sides`]
      : [`there is a ${size[f.grade]} ${sideOf(f)} pleural effusion`, `a ${size[f.grade]} pleural effusion is present on the ${sideOf(f)}`],
  opacity: (f) => [
    `there is ${['patchy', 'focal', 'dense'][f.grade]} airspace opacity in the ${lungOf(f)}`,
    `${['patchy', 'focal', 'dense'][f.grade]} opacity is noted in the ${lungOf(f)}`,
  ],
  nodule: (f) => [
    `there is a ${['small', 'rounded', 'large'][f.grade]} nodule in the ${lungOf(f)}`,
    `a ${['small', 'rounded', 'large'][f.grade]} nodule projects over the ${lungOf(f)}`,
  ],
  edema: (f) => [`there is ${degree[f.grade]} perihilar haze consistent with edema`, `${degree[f.grade]} pulmonary edema is present`],
  cardiomegaly: (f) => [
    `the heart is ${['mildly', 'moderately', 'severely'][f.grade]} enlarged`,
    `there is ${degree[f.grade]} enlargement of the cardiac silhouette`,
  ],
  atelectasis: (f) => [
    `linear opacities at the ${sideOf(f)} base are consistent with atelectasis`,
    `there is ${['subsegmental', 'plate-like', 'extensive'][f.grade]} atelectasis at the ${sideOf(f)} base`,
  ],
  line: (f) => [
    `a ${sideOf(f)} central venous catheter ends in the superior vena cava`,
    `there is a ${sideOf(f)} sided central line with its tip in the superior vena cava`,
  ],
};

const absent: Readonly<Record<FindingName, readonly string[]>> = {
  pneumothorax: ['there is no pneumothorax', 'no pneumothorax is seen'],
  effusion: ['there is no pleural effusion', 'the costophrenic angles are sharp'],
  opacity: ['there is no focal consolidation', 'no airspace opacity is seen'],
  nodule: ['no nodule is seen', 'there is no suspicious nodule'],
  edema: ['the pulmonary vasculature is normal', 'there is no pulmonary edema'],
  cardiomegaly: ['the heart size is normal', 'the cardiac silhouette is within normal limits'],
  atelectasis: ['the lung bases are well aerated', 'no atelectasis is seen'],
  line: ['there are no lines or tubes', 'no support device is present'],
};

// Wordings of one finding begin alike: where they part at the first word, greedy generation sees the finding's weight in halves and ends
// the text before it.
const concluded: Readonly<Record<FindingName, Wording>> = {
  pneumothorax: (f) => [`${sideOf(f)} pneumothorax, ${size[f.grade]}`],
  effusion: (f) => [`${sideOf(f)} pleural effusion${f.sides.length === 2 ? 's' : ''}, ${size[f.grade]}`],
  opacity: (f) => [`${lungOf(f)} opacity`, `${lungOf(f)} airspace opacity`],
  nodule: (f) => [`${lungOf(f)} nodule`, `${sideOf(f)} ${f.zone} zone nodule`],
  edema: (f) => [`${degree[f.grade]} pulmonary edema`],
  cardiomegaly: (f) => [`${degree[f.grade]} cardiomegaly`],
  atelectasis: (f) => [`${sideOf(f)} basilar atelectasis`, `${sideOf(f)} lower lobe atelectasis`],
  line: (f) => [`${sideOf(f)} central venous catheter in place`, `${sideOf(f)} central line in place`],
};

const normal = ['no acute cardiopulmonary abnormality', 'no acute cardiopulmonary disease', 'normal chest radiograph'];
const openings = ['frontal view of the chest', 'single frontal radiograph'];
const regions: readonly (readonly FindingName[])[] = [['line'], ['cardiomegaly'], ['edema', 'opacity', 'nodule', 'atelectasis'], ['effusion', 'pneumothorax']];

const sentences = (parts: readonly string[]): string => parts.map((part) => `${capital(part)}.`).join(' ');

/** The findings section: by region, what is present and, most often, what is absent. */
export function writeFindings(findings: readonly Finding[], draws: Draws): string {
  const parts = draws.chance(0.3) ? [draws.pick(openings)] : [];
  const order = draws.chance(0.3) ? regions.toReversed() : regions;
  for (const region of order) {
    for (const name of region) {
      const finding = findings.find((other) => other.name === name);
      if (finding) parts.push(draws.pick(described[name](finding)));
      else if (draws.chance(name === 'line' || name === 'nodule' ? 0.25 : 0.7)) parts.push(draws.pick(absent[name]));
    }
  }
  if (draws.chance(0.4)) parts.push('the osseous structures are intact');
  return sentences(parts.length > 0 ? parts : ['the lungs are clear']);
}

/** The impression: every finding in order of weight, or that there is none. */
export function writeImpression(findings: readonly Finding[], draws: Draws): string {
  if (findings.length === 0) return sentences([draws.pick(normal)]);
  const parts = findings.map((finding) => draws.pick(concluded[finding.name](finding)));
  return sentences(
    parts.length === 1 && parts[0]!.split(' ').length < 3 ? [`there is ${article(parts[0]!).replace(/^an? (?=mild|moderate|severe)/, '')}`] : parts,
  );
}
