// RSNA Pneumonia Detection Challenge (stage 2): a row per box, an image per patient, as DICOM.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { labelValue } from '../chexpert-labels.ts';
import { DataError } from '@hybridmed/images/errors';
import { plainOrGzip } from '../files/chunks.ts';
import { pathInside } from '../files/path-inside.ts';
import { readTable } from '../files/table.ts';
import { splitByRank } from '../split/draw.ts';
import type { Box, Candidate, Study } from '../study.ts';
import { byStem, imagesIn } from './images.ts';
import type { SourceData } from './source.ts';
import { Drops } from './source.ts';

const labelTable = 'stage_2_train_labels.csv';
const classTable = 'stage_2_detailed_class_info.csv';
const imageFolders = ['stage_2_train_images', 'images', '.'];
const fractions = { validate: 0.15, test: 0.15 };

interface Patient {
  target: 0 | 1;
  boxes: Box[];
}

async function readLabels(table: string, drops: Drops): Promise<{ patients: Map<string, Patient>; rows: number }> {
  const patients = new Map<string, Patient>();
  const { rows, broken } = await readTable(table, { required: ['patientId', 'x', 'y', 'width', 'height', 'Target'] }, ([id, x, y, width, height, target]) => {
    const value = labelValue(target!);
    if (!id || (value !== 0 && value !== 1)) return drops.add('the row lacks a patient or a target of 0 or 1');
    const patient = patients.get(id) ?? { target: 0, boxes: [] };
    patients.set(id, patient);
    if (value === 0) return undefined;
    patient.target = 1;
    const box = { x: Number(x), y: Number(y), width: Number(width), height: Number(height) };
    if ([x, y, width, height].includes('') || !Object.values(box).every(Number.isFinite) || box.width <= 0 || box.height <= 0)
      return drops.add('the box is not four numbers');
    patient.boxes.push(box);
    return undefined;
  });
  drops.add('the row is not a row of the table', broken);
  return { patients, rows: rows + broken };
}

/** What the challenge says beyond the target: `Normal`, `No Lung Opacity / Not Normal`, `Lung Opacity`. */
async function readClasses(folder: string): Promise<Map<string, string>> {
  const classes = new Map<string, string>();
  const table = plainOrGzip(join(folder, classTable));
  if (table) await readTable(table, { required: ['patientId', 'class'] }, ([id, name]) => void classes.set(id!, name!));
  return classes;
}

/** Reads the set: label `Pneumonia`, boxes in pixels of the image, split 70/15/15 by rank of sha256(patient id). */
export async function readRsna(folder: string): Promise<SourceData> {
  if (!existsSync(folder)) throw new DataError(`${folder}: does not exist; check the path`);
  const table = plainOrGzip(join(folder, labelTable));
  if (!table) throw new DataError(`${folder}: holds no ${labelTable}; name the folder that does`);
  const drops = new Drops();
  const { patients, rows } = await readLabels(table, drops);
  const classes = await readClasses(folder);
  const images = byStem(imagesIn(folder, imageFolders));
  const splits = splitByRank(patients.keys(), fractions);
  const studies: Candidate<Study>[] = [];
  for (const [id, { target, boxes }] of patients) {
    const expected = pathInside(join(folder, imageFolders[0]!), `${id}.dcm`);
    if (expected === undefined) {
      drops.add('the image path leaves the folder');
      continue;
    }
    const image = images.get(id);
    const tags = classes.get(id);
    studies.push({
      id,
      report: id,
      patient: id,
      image: image ?? expected,
      findings: '',
      impression: '',
      labels: { Pneumonia: target },
      boxes,
      split: splits.get(id)!,
      ...(tags ? { tags } : {}),
      ...(image ? {} : { absent: true as const }),
    });
  }
  return {
    studies,
    offers: ['labels', 'images'],
    counts: { rows, patients: patients.size, studies: patients.size, images: images.size },
    dropped: drops.counts(),
    splitOrigin: 'drawn',
  };
}
