// Small data sets in the shapes that the published ones have, with invented texts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';

/** Writes a text file, and the folders it needs; gzipped where its name says so. */
export function write(file: string, text: string): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, file.endsWith('.gz') ? gzipSync(text) : text);
  return file;
}

/** Pixels that differ by `seed`, smooth enough to look like something. */
function picture(seed: number, width: number, height: number): Buffer {
  const waves = Array.from({ length: 6 }, (_, i) => [Math.sin(seed * 12.9 + i * 78.2) * 3, Math.cos(seed * 39.4 + i * 11.1) * 3, seed + i] as const);
  return Buffer.from(
    Array.from({ length: width * height }, (_, i) => {
      const [x, y] = [(i % width) / width, Math.floor(i / width) / height];
      return Math.round(127 + 20 * waves.reduce((sum, [fx, fy, phase]) => sum + Math.sin(2 * Math.PI * (fx * x + fy * y) + phase), 0));
    }),
  );
}

/** Writes an image whose picture depends on `seed`; its format is the file name's. */
export async function writeImage(file: string, seed = 1, { width = 40, height = 48, quality = 90 } = {}): Promise<string> {
  mkdirSync(dirname(file), { recursive: true });
  const image = sharp(picture(seed, 80, 96), { raw: { width: 80, height: 96, channels: 1 } }).resize(width, height);
  await (file.endsWith('.png') ? image.png() : image.jpeg({ quality })).toFile(file);
  return file;
}

/** Rows as CSV, every cell quoted. */
export const csv = (...rows: readonly (readonly (string | number)[])[]): string =>
  rows.map((row) => `${row.map((cell) => `"${String(cell).replaceAll('"', '""')}"`).join(',')}\n`).join('');

const mimicLabels =
  'Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices';

/** A report as MIMIC-CXR's are laid out. */
const mimicReport = (findings: string, impression: string): string =>
  `                                 FINAL REPORT\n EXAMINATION:  CHEST (PA AND LAT)\n \n INDICATION:  ___ year old with cough\n \n FINDINGS: \n \n ${findings.replaceAll('. ', '.\n ')}\n \n IMPRESSION: \n \n ${impression}\n`;

/** MIMIC-CXR-JPG in small: two patients, three studies, four images, one view left blank. */
export async function writeMimic(root: string, { gz = false, texts = true, images = true } = {}): Promise<string> {
  const end = gz ? '.csv.gz' : '.csv';
  write(
    join(root, `mimic-cxr-2.0.0-metadata${end}`),
    'dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning\n' +
      'aa-1,10000001,50000001,"CHEST (PA AND LAT)",PA,3056,2544,21800506,213014.531,"CHEST (PA AND LAT)",postero-anterior,Erect\n' +
      'aa-2,10000001,50000001,"CHEST (PA AND LAT)",LATERAL,3056,2544,21800506,213014.531,"CHEST (PA AND LAT)",lateral,Erect\n' +
      'bb-1,10000001,50000002,CHEST,,3056,2544,21800507,213014.531,CHEST,antero-posterior,\n' +
      'cc-1,10000002,50000003,CHEST,,3056,2544,21800508,213014.531,CHEST,,\n',
  );
  write(
    join(root, `mimic-cxr-2.0.0-split${end}`),
    'dicom_id,study_id,subject_id,split\naa-1,50000001,10000001,train\naa-2,50000001,10000001,train\nbb-1,50000002,10000001,train\ncc-1,50000003,10000002,test\n',
  );
  write(
    join(root, `mimic-cxr-2.0.0-chexpert${end}`),
    `subject_id,study_id,${mimicLabels}\n10000001,50000001,1.0,0.0,-1.0,,,,,,,,,,,\n10000001,50000002,,-1.0,,,,,,,,1.0,,,,\n10000002,50000003,,,,,,,,,1.0,,,,,\n`,
  );
  write(join(root, `mimic-cxr-2.0.0-negbio${end}`), `subject_id,study_id,${mimicLabels}\n10000001,50000001,0.0,,,,,,,,,,,,,\n`);
  if (texts) {
    write(join(root, 'files/p10/p10000001/s50000001.txt'), mimicReport('Linear opacity at the left base. No effusion.', 'Left basilar atelectasis is likely.'));
    write(join(root, 'files/p10/p10000001/s50000002.txt'), mimicReport('Small right effusion, ___ unchanged.', 'Small right pleural effusion.'));
    write(join(root, 'files/p10/p10000002/s50000003.txt'), mimicReport('Clear lungs and sharp angles.', 'No acute process seen.'));
  }
  if (images) {
    const files = ['p10000001/s50000001/aa-1', 'p10000001/s50000001/aa-2', 'p10000001/s50000002/bb-1', 'p10000002/s50000003/cc-1'];
    await Promise.all(files.map((name, i) => writeImage(join(root, 'files/p10', `${name}.jpg`), i)));
  }
  return root;
}

export const chexpertHeader =
  'Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices\n';
