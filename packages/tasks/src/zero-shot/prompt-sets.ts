// The prompt sets that come with the package: sentences that assert a class and sentences that deny it, by the label they answer.
import type { PromptSet } from '@hybridmed/phantoms/prompts';
import { phantomPrompts } from '@hybridmed/phantoms/prompts';

/** Prompt sets by class. */
export type PromptSets = Readonly<Record<string, PromptSet>>;

const sides = ['Left', 'Right', 'Bilateral'] as const;
const degrees = ['Mild', 'Moderate', 'Severe'] as const;
const each = (words: readonly string[], rest: string): string[] => words.map((word) => `${word} ${rest}.`);

/** CheXpert's fourteen classes, under its column names. */
const chexpert: PromptSets = {
  'No Finding': {
    positive: ['No acute cardiopulmonary abnormality.', 'Normal chest radiograph.', 'No active disease.'],
    negative: ['Pleural effusion.', 'Pulmonary edema.', 'Consolidation in the lung.', 'Cardiomegaly.', 'Pneumothorax.', 'Atelectasis.'],
  },
  'Enlarged Cardiomediastinum': {
    positive: ['Widened mediastinum.', 'Enlarged cardiomediastinal silhouette.', 'Mediastinal widening.'],
    negative: ['Normal cardiomediastinal silhouette.', 'The mediastinal contours are normal.'],
  },
  Cardiomegaly: {
    positive: ['The heart is enlarged.', 'Enlarged cardiac silhouette.', ...each(degrees, 'cardiomegaly')],
    negative: ['The heart size is normal.', 'No cardiomegaly.', 'Normal cardiac silhouette.'],
  },
  'Lung Opacity': {
    positive: ['Opacity in the lung.', 'Patchy airspace opacities.', ...each(sides, 'lung opacity')],
    negative: ['The lungs are clear.', 'No focal airspace opacity.'],
  },
  'Lung Lesion': {
    positive: ['Pulmonary nodule.', 'Lung mass.', ...each(['Left', 'Right'], 'lung nodule')],
    negative: ['The lungs are clear.', 'No nodule or mass.'],
  },
  Edema: {
    positive: ['Interstitial pulmonary edema.', 'Pulmonary vascular congestion with edema.', ...each(degrees, 'pulmonary edema')],
    negative: ['No pulmonary edema.', 'The pulmonary vasculature is normal.'],
  },
  Consolidation: {
    positive: ['Lobar consolidation.', 'Airspace consolidation.', ...each(sides, 'lower lobe consolidation')],
    negative: ['No focal consolidation.', 'The lungs are clear.'],
  },
  Pneumonia: {
    positive: ['Pneumonia.', 'Findings suggesting pneumonia.', 'Consolidation consistent with pneumonia.'],
    negative: ['No evidence of pneumonia.', 'The lungs are clear.'],
  },
  Atelectasis: {
    positive: ['Bibasilar atelectasis.', 'Subsegmental atelectasis.', 'Linear atelectasis.', ...each(['Left', 'Right'], 'basilar atelectasis')],
    negative: ['No atelectasis.', 'The lungs are well aerated and clear.'],
  },
  Pneumothorax: {
    positive: ['Apical pneumothorax.', ...each(['Left', 'Right'], 'pneumothorax'), ...each(['Small', 'Large'], 'pneumothorax')],
    negative: ['No pneumothorax.', 'The lungs are expanded without pneumothorax.'],
  },
  'Pleural Effusion': {
    positive: ['Pleural effusion.', ...each(sides, 'pleural effusion'), ...each(['Small', 'Moderate', 'Large'], 'pleural effusion')],
    negative: ['No pleural effusion.', 'The costophrenic angles are sharp.'],
  },
  'Pleural Other': {
    positive: ['Pleural thickening.', 'Pleural scarring.', 'Calcified pleural plaques.'],
    negative: ['No pleural abnormality.', 'The pleura is normal.'],
  },
  Fracture: {
    positive: ['Rib fracture.', 'Displaced fracture of the clavicle.', 'Compression fracture of the spine.'],
    negative: ['No acute fracture.', 'The osseous structures are intact.'],
  },
  'Support Devices': {
    positive: ['Central venous catheter in place.', 'Endotracheal tube in place.', 'Pacemaker leads in place.', 'Nasogastric tube in place.'],
    negative: ['No lines or tubes.', 'No support device is present.'],
  },
};

/** RSNA's question, in the words of its protocol. */
const rsna: PromptSets = {
  Pneumonia: { positive: ['Findings suggesting pneumonia.'], negative: ['No evidence of pneumonia'] },
};

/** Open-I's tag, and findings that its headings name. */
const openi: PromptSets = {
  normal: {
    positive: ['No acute cardiopulmonary abnormality.', 'Normal chest.', 'No active disease.'],
    negative: ['Cardiomegaly.', 'Pleural effusion.', 'Opacity in the lung.', 'Pulmonary edema.', 'Atelectasis.'],
  },
  effusion: chexpert['Pleural Effusion']!,
  emphysema: {
    positive: ['Emphysema.', 'Emphysematous changes.', 'Hyperexpanded lungs consistent with emphysema.', 'COPD.'],
    negative: ['No emphysema.', 'The lungs are normally expanded.', 'The lungs are clear.'],
  },
  cardiomegaly: chexpert.Cardiomegaly!,
};

/** Shipped prompt sets by name; where two name one class, the later one is taken by default. Phantoms answer under the names of their findings. */
export const shippedPrompts: Readonly<Record<string, PromptSets>> = { phantom: phantomPrompts, openi, rsna, chexpert };
