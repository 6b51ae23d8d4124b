// The labels that the labeller reads, CheXpert's fourteen [Irvin et al. 2019], and the words by which reports mention them.

/** Words inside one clause, up to about so many characters, that may stand between two parts of a mention. */
const gap = '[^.;]{0,45}?';
const big = '(?:enlarged|enlargement|prominent|prominence|widen(?:ed|ing)|increased in size|large(?! (?:pleural|effusion)))';
const heart = '(?:heart(?: size)?|cardiac (?:silhouette|size|contour|shadow)s?|cardiopericardial silhouette)';
const mediastinum = '(?:cardio-?mediastin(?:um|al)(?: silhouette| contours?)?|mediastin(?:um|al)(?: silhouette| contours?)?)';

const linesAndCatheters = [/catheters?/, /picc/, /(?:central|venous|subclavian|jugular|arterial|ij)(?: venous)? lines?/];
const tubes = [
  /lines? (?:and|or) tubes?/,
  /(?:chest|endotracheal|tracheostomy|nasogastric|enteric|feeding|ng|et|orogastric) tubes?/,
  /tubes? (?:and|or) lines?/,
];
const cardiacDevices = [/pacemakers?/, /pacer/, /pacing/, /icd/, /aicd/, /defibrillators?/];
// "Port" alone says little; before these words it is an implanted one.
const ports = [/port-?a-?cath/, /mediport/, /(?:chest |infusion )?ports?(?= (?:is|with|in|tip|catheter|overl))/];
const implants = [
  /stents?/,
  /(?<!breast )prosthe(?:sis|tic|ses)/,
  /(?:valve|aortic valve|mitral valve) (?:replacement|prosthesis)/,
  /arthroplast\w*/,
  /hardware/,
];
const surgicalMaterial = [
  /(?:sternotomy|sternal|cerclage) wires?/,
  /(?:surgical |radiopaque |suture )?(?:sutures?|staples?)/,
  /(?<!cholecystectomy )clips/,
  /wires/,
];
const monitors = [/stimulators?/, /(?:electronic|monitoring) devices?/, /monitor(?:ing)? leads/];
// A tip in a great vein is a catheter's; "xxxx-a-xxxx" is what de-identification leaves of "port-a-cath".
const otherDevices = [
  /tip [^.;]{0,30}?(?:svc|vena cava|caval|cavoatrial)/,
  /xxxx-a-xxxx/,
  /support devices?/,
  /implanted? (?:medical )?devices?/,
  /(?:fixation|orthopedic) \w+/,
];

/** Any of some words, whole; the first that fits. */
const anyOf = (...words: readonly RegExp[]): RegExp => new RegExp(`\\b(?:${words.map(({ source }) => source).join('|')})\\b`, 'g');

/** Mentions of each label, in CheXpert's order, to be matched in lower-case clauses. */
export const mentions = {
  'Enlarged Cardiomediastinum': new RegExp(
    `\\b${mediastinum}\\b${gap}\\b${big}|\\b(?:enlarged|enlargement of (?:the )?|widen(?:ed|ing)(?: of)?(?: the)?|prominent) ?${mediastinum}\\b`,
    'g',
  ),
  Cardiomegaly: new RegExp(
    `\\bcardiomegaly\\b|(?<!mediastinal )\\b${heart}\\b${gap}\\b(?:${big}|borderline|(?:at |in )?(?:the )?upper limits)|\\b(?:enlarged|enlargement of (?:the )?|borderline|large) ?(?:the )?${heart}\\b|\\bcardiac enlargement\\b`,
    'g',
  ),
  'Lung Opacity':
    /\b(?<!linear )(?:opacit(?:y|ies)|opacification|infiltrat(?:es?|ions?)|air ?-?space disease|interstitial (?:markings?|pattern|prominence|lung disease|disease)|reticul(?:ar|onodular|ation)\w*)\b/g,
  'Lung Lesion':
    /\b(?<!nipple |breast |calcified )(?:nodul(?:es?|ar)|mass(?:es)?(?! effect)|cavitary lesions?|lung lesions?|neoplasm|tumou?rs?|carcinoma|malignancy)\b/g,
  Edema:
    /\b(?:o?edema|heart failure|chf|(?:pulmonary |central )?vascular (?:congestion|engorgement)|(?:pulmonary|pulmonary venous) congestion|venous congestion)\b/g,
  Consolidation: /\bconsolidat(?:ions?|ive|ed)\b/g,
  Pneumonia: /\b(?:broncho)?pneumoni(?:as?|tis)\b|\binfect(?:ion|ious)\w*(?: process)?\b/g,
  Atelectasis: /\batelecta(?:sis|ses|tic)\b|\b(?:lobar|lung|lobe|segmental) collapse\b|\bcollapse of the (?:\w+ )?(?:lung|lobe)\b/g,
  Pneumothorax: /\b(?:hydro|hemo)?pneumothora(?:x|ces)\b/g,
  'Pleural Effusion': /\b(?<!pericardial |joint )effusions?\b|\bpleural fluid\b|\b(?:hydropneumo|hemo)thorax\b/g,
  'Pleural Other':
    /\bpleural (?:thickening|scar(?:ring)?|plaques?|calcifications?|parenchymal scar\w*)\b|\bfibrothorax\b|\b(?:bi)?apical (?:pleural )?(?:thickening|caps?)\b/g,
  Fracture: /\bfractur(?:es?|ed)\b/g,
  'Support Devices': anyOf(...linesAndCatheters, ...tubes, ...cardiacDevices, ...ports, ...implants, ...surgicalMaterial, ...monitors, ...otherDevices),
} satisfies Readonly<Record<string, RegExp>>;

/** Labels that words mention; "No Finding" is what is left when none of the diseases is there. */
export type MentionedLabel = keyof typeof mentions;

/** Labels that words mention, in order. */
export const mentionedLabels = Object.keys(mentions) as MentionedLabel[];

/** A label's name. */
export type ReportLabel = 'No Finding' | MentionedLabel;

/** The labels that the labeller reads, in CheXpert's order. */
export const reportLabels: readonly ReportLabel[] = ['No Finding', ...mentionedLabels];

/** Statements that a thing is as it should be: they mention the label and deny it. */
export const normals: Readonly<Partial<Record<MentionedLabel, RegExp>>> = {
  Cardiomegaly: new RegExp(`\\b${heart}\\b${gap}\\b(?:normal|unremarkable|not enlarged)|\\bnormal (?:${heart})\\b`, 'g'),
  'Enlarged Cardiomediastinum': new RegExp(`\\b${mediastinum}\\b${gap}\\b(?:normal|unremarkable|not (?:enlarged|widened))|\\bnormal ${mediastinum}`, 'g'),
  'Lung Opacity': /\b(?:lungs?|lung fields?)\b[^.;]{0,25}?\b(?:clear|well aerated)\b|\bclear lungs\b/g,
  'Pleural Effusion': /\bcostophrenic (?:angles?|sulci)\b[^.;]{0,20}?\b(?:sharp|clear)\b/g,
};
