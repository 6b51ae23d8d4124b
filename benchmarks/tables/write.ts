// Tables in MIMIC-CXR-JPG's layout with invented rows: as many images, studies and patients as the set has, and texts on demand.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

const labels =
  'Atelectasis,Cardiomegaly,Consolidation,Edema,Enlarged Cardiomediastinum,Fracture,Lung Lesion,Lung Opacity,No Finding,Pleural Effusion,Pleural Other,Pneumonia,Pneumothorax,Support Devices';
const views = ['PA', 'AP', 'AP', 'LATERAL', 'LL', ''];
const values = ['', '', '', '', '', '', '', '1.0', '0.0', '-1.0'];
const words = 'the heart lungs are clear no effusion pneumothorax acute mild left right basilar opacity unchanged seen within normal limits stable'.split(' ');

/** Numbers that look random, the same at every run [xorshift32, Marsaglia 2003]. */
function numbers(seed: number): (below: number) => number {
  let x = seed;
  return (below) => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (x >>> 0) % below;
  };
}

/** Writes the tables into a folder. */
export async function writeTables(folder: string, { images, gzip, texts }: { images: number; gzip: boolean; texts: boolean }): Promise<void> {
  await mkdir(folder, { recursive: true });
  const below = numbers(2463534242);
  const table = (name: string, header: string) => {
    const file = createWriteStream(join(folder, `${name}.csv${gzip ? '.gz' : ''}`));
    const stream = gzip ? createGzip({ level: 6 }) : file;
    if (stream !== file) stream.pipe(file);
    let lines: string[] = [`${header}\n`];
    const flush = async () => {
      if (!stream.write(lines.join(''))) await once(stream, 'drain');
      lines = [];
    };
    return {
      add: (line: string) => void lines.push(line),
      flush,
      end: async () => {
        await flush();
        stream.end();
        await finished(file);
      },
    };
  };
  const metadata = table(
    'mimic-cxr-2.0.0-metadata',
    'dicom_id,subject_id,study_id,PerformedProcedureStepDescription,ViewPosition,Rows,Columns,StudyDate,StudyTime,ProcedureCodeSequence_CodeMeaning,ViewCodeSequence_CodeMeaning,PatientOrientationCodeSequence_CodeMeaning',
  );
  const splits = table('mimic-cxr-2.0.0-split', 'dicom_id,study_id,subject_id,split');
  const chexpert = table('mimic-cxr-2.0.0-chexpert', `subject_id,study_id,${labels}`);
  const sections = texts ? table('mimic_cxr_sectioned', 'study,impression,findings,last_paragraph,comparison') : undefined;
  const text = (length: number) => Array.from({ length }, () => words[below(words.length)]).join(' ');
  const hex = () => (below(2 ** 31) * 2).toString(16).padStart(8, '0');
  let [image, patient, study] = [0, 10_000_032, 50_000_014];
  while (image < images) {
    patient += 1 + below(150);
    const split = ['train', 'validate', 'test'][Math.max(0, below(100) - 97)]!;
    for (let s = 1 + below(6); s > 0 && image < images; s--) {
      study += 1 + below(40);
      chexpert.add(`${patient},${study},${Array.from({ length: 14 }, () => values[below(values.length)]).join(',')}\n`);
      sections?.add(`s${study},"${text(20)}, seen.","${text(60)}.",,\n`);
      for (let i = 1 + below(2); i > 0 && image < images; i--) {
        image++;
        const id = `${hex()}-${hex()}-${hex()}-${hex()}-${hex()}`;
        metadata.add(
          `${id},${patient},${study},"CHEST (PA AND LAT)",${views[below(views.length)]},3056,2544,21800506,213014.531,"CHEST (PA AND LAT)",postero-anterior,Erect\n`,
        );
        splits.add(`${id},${study},${patient},${split}\n`);
      }
    }
    for (const each of [metadata, splits, chexpert, sections]) await each?.flush();
  }
  for (const each of [metadata, splits, chexpert, sections]) await each?.end();
}
