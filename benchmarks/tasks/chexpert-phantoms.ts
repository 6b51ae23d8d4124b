// Phantoms written in CheXpert's layout: train.csv and valid.csv, JPEG images, labels of 1.0, 0.0 and -1.0.
import { existsSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FindingName } from '@hybridmed/phantoms';
import { phantomPrompts, phantomStudy } from '@hybridmed/phantoms';
import sharp from 'sharp';

/** The five classes of the CheXpert protocol, and the phantom finding for each. */
export const fiveClasses: Readonly<Record<string, FindingName>> = {
  Atelectasis: 'atelectasis',
  Cardiomegaly: 'cardiomegaly',
  Consolidation: 'opacity',
  Edema: 'edema',
  'Pleural Effusion': 'effusion',
};

const otherLabels: Readonly<Record<string, FindingName>> = {
  'Lung Opacity': 'opacity',
  'Lung Lesion': 'nodule',
  Pneumothorax: 'pneumothorax',
  'Support Devices': 'line',
};

const columns =
  'Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices'.split(
    ',',
  );

/** Prompts in the words of the phantoms' reports, under CheXpert's names. */
export const chexpertPhantomPrompts = Object.fromEntries(Object.entries(fiveClasses).map(([name, finding]) => [name, phantomPrompts[finding]]));

/** A label as the table has it. One in twenty is uncertain, such that the protocol's policy restores what the image shows: positive under U-ones, negative under U-zeros. */
function tableLabel(name: string, label: 0 | 1, index: number): string {
  const policy = { Atelectasis: 1, Edema: 1, 'Pleural Effusion': 1, Cardiomegaly: 0, Consolidation: 0 }[name];
  return policy === label && index % 20 === name.length % 20 ? '-1.0' : `${label}.0`;
}

/** Writes `train` and `valid` studies, a patient each, generated with a seed that no pre-training set has. An existing folder is left as it is. */
export async function writeChexpertPhantoms(
  folder: string,
  { train, valid, size, seed }: { train: number; valid: number; size: number; seed: number },
): Promise<void> {
  if (existsSync(folder)) return;
  const temporary = `${folder}.tmp`;
  const tables: Record<'train' | 'valid', string[]> = { train: [], valid: [] };
  for (let index = 0; index < train + valid; index++) {
    const part = index < train ? 'train' : 'valid';
    const place = join(part, `patient${String(index + 1).padStart(5, '0')}`, 'study1');
    const { image, labels } = phantomStudy(seed, index, size);
    await mkdir(join(temporary, place), { recursive: true });
    await sharp(image.pixels, { raw: { width: size, height: size, channels: 1 } })
      .jpeg({ quality: 95 })
      .toFile(join(temporary, place, 'view1_frontal.jpg'));
    const findingOf = { ...otherLabels, ...fiveClasses };
    const none = Object.values(labels).every((label) => label === 0);
    const cells = columns.map((column) => {
      const finding = findingOf[column];
      if (column === 'Path') return `CheXpert-v1.0-small/${place}/view1_frontal.jpg`;
      if (column === 'Sex') return 'Unknown';
      if (column === 'Age') return '0';
      if (column === 'Frontal/Lateral') return 'Frontal';
      if (column === 'AP/PA') return 'PA';
      if (column === 'No Finding') return none ? '1.0' : '';
      return finding === undefined ? '' : tableLabel(column, labels[finding], index);
    });
    tables[part].push(cells.join(','));
  }
  for (const part of ['train', 'valid'] as const) await writeFile(join(temporary, `${part}.csv`), `${[columns.join(','), ...tables[part]].join('\n')}\n`);
  await rename(temporary, folder);
}
