// A folder of DICOM files: an image a file, patient, study and view from its header.
import { open, opendir } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { describeFileError } from '@hybridmed/images/errors';
import type { ParsedDicom } from '@hybridmed/images';
import { parseDicom } from '@hybridmed/images';
import { splitOf } from '../split/draw.ts';
import type { Candidate, Study } from '../study.ts';
import type { SourceData } from './source.ts';
import { countStudies, Drops } from './source.ts';

// Headers of radiographs take a few kilobytes; some carry look-up tables and private data.
const headerBytes = 1 << 18;
const maxDepth = 12;
const maxFiles = 1_000_000;

/** Files under a folder, links left aside, in order of their names. */
async function filesUnder(folder: string, depth = 0): Promise<string[]> {
  const files: string[] = [];
  const folders: string[] = [];
  for await (const entry of await opendir(folder).catch((error: unknown) => Promise.reject(describeFileError(folder, error)))) {
    if (entry.isDirectory() && depth < maxDepth) folders.push(join(folder, entry.name));
    else if (entry.isFile()) files.push(join(folder, entry.name));
    if (files.length + folders.length > maxFiles) break;
  }
  for (const inner of folders.toSorted()) files.push(...(await filesUnder(inner, depth + 1)));
  return files.toSorted();
}

async function headerOf(file: string): Promise<ParsedDicom['set'] | undefined> {
  const handle = await open(file, 'r');
  try {
    const buffer = Buffer.alloc(headerBytes);
    const { bytesRead } = await handle.read(buffer, 0, headerBytes, 0);
    const marked = buffer.toString('latin1', 128, 132) === 'DICM';
    if (!marked && !/\.(dcm|dicom)$/i.test(file)) return undefined;
    return parseHeader(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}

// Identification, patient, acquisition, relationship, image: what holds no element of these groups only looks like DICOM.
const knownGroups = /^x00(08|10|18|20|28)/;

/** The elements before the pixels; of a header that is cut, those before the cut. Throws where there are none. */
function parseHeader(bytes: Uint8Array): ParsedDicom['set'] {
  const parsed = {} as { dataSet?: ParsedDicom['set'] };
  try {
    parsed.dataSet = parseDicom(bytes).set;
  } catch (error) {
    Object.assign(parsed, error);
    if (!parsed.dataSet) throw error;
  }
  if (!Object.keys(parsed.dataSet.elements).some((tag) => knownGroups.test(tag))) throw new Error('has no known element');
  return parsed.dataSet;
}

/** Reads a folder. Images are split by patient where the header names one, else by study, else by their path. */
export async function readDicomFolder(path: string): Promise<SourceData> {
  const folder = resolve(path);
  const drops = new Drops();
  const studies: Candidate<Study>[] = [];
  for (const file of await filesUnder(folder)) {
    try {
      const header = await headerOf(file);
      if (!header) continue;
      const id = relative(folder, file).split(sep).join('/');
      const [patient, study, view] = ['x00100020', 'x0020000d', 'x00185101'].map((tag) => header.string(tag)?.trim() ?? '');
      const report = study || id;
      studies.push({
        id,
        report,
        image: file,
        findings: '',
        impression: '',
        split: splitOf(patient || report),
        ...(patient ? { patient } : {}),
        ...(view ? { view } : {}),
      });
    } catch {
      drops.add('the file is not readable DICOM');
    }
  }
  return {
    studies,
    offers: ['images'],
    counts: countStudies(studies),
    dropped: drops.counts(),
    splitOrigin: 'drawn',
  };
}
