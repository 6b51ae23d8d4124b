// Writes a phantom data set: images/, masks/ and phantoms.csv, whole or not at all.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { DataError, splitOf } from '@hybridmed/data';
import { describeFileError, makeFolder } from '@hybridmed/data/atomic';
import { phantomFindings } from './findings.ts';
import { phantomStudy } from './study.ts';

/** Settings of a phantom data set. */
export interface PhantomOptions {
  studies?: number;
  /** Side of the images in pixels. */
  size?: number;
  seed?: number;
  onProgress?(done: number): void;
}

/** What was made. */
export interface PhantomSet {
  readonly folder: string;
  readonly studies: number;
  readonly size: number;
  readonly seed: number;
  /** False where the folder held this very set already. */
  readonly written: boolean;
}

/** Version of the generator: another version draws other images. */
const generator = 2;

/** A cell of a CSV file [RFC 4180]. */
const quoted = (value: string | number): string => (typeof value === 'string' ? `"${value.replaceAll('"', '""')}"` : String(value));

async function already(folder: string, settings: object): Promise<boolean> {
  if (!existsSync(folder)) return false;
  const saved = await readFile(join(folder, 'phantoms.json'), 'utf8').catch(() => '');
  if (saved.trim() === JSON.stringify(settings)) return true;
  throw new DataError(`${folder}: exists and is not this phantom set; name another folder or remove it`);
}

async function writeStudies(
  folder: string,
  { studies, size, seed }: Required<Omit<PhantomOptions, 'onProgress'>>,
  onProgress?: (done: number) => void,
): Promise<void> {
  await makeFolder(join(folder, 'images'));
  await makeFolder(join(folder, 'masks'));
  const rows: Record<string, string | number>[] = [];
  // Node writes the files: its errors say what is wrong, such as a full disk.
  const png = async (pixels: Uint8Array, file: string) => {
    const encoder = sharp(pixels, { raw: { width: size, height: size, channels: 1 } }).toColourspace('b-w');
    await writeFile(file, await encoder.png({ compressionLevel: 3 }).toBuffer());
  };
  for (let index = 0; index < studies; index++) {
    const id = `p${String(index).padStart(6, '0')}`;
    const { image, findings, impression, labels } = phantomStudy(seed, index, size);
    await Promise.all([png(image.pixels, join(folder, 'images', `${id}.png`)), png(image.mask, join(folder, 'masks', `${id}.png`))]);
    rows.push({ id, patient: id, image: `images/${id}.png`, findings, impression, split: splitOf(id), ...labels });
    onProgress?.(index + 1);
  }
  const columns = ['id', 'patient', 'image', 'findings', 'impression', 'split', ...phantomFindings];
  const lines = [columns, ...rows.map((row) => columns.map((column) => quoted(row[column]!)))].map((cells) => `${cells.join(',')}\n`);
  await writeFile(join(folder, 'phantoms.csv'), lines.join(''));
}

/**
 * Makes a phantom data set in a folder: PNG images and masks (bit i of a mask pixel is `phantomFindings[i]`) and phantoms.csv. The
 * folder appears when it is whole. Throws a DataError where it holds something else.
 */
export async function writePhantoms(folder: string, { studies = 6000, size = 128, seed = 0, onProgress }: PhantomOptions = {}): Promise<PhantomSet> {
  const settings = { generator, studies, size, seed };
  const result = { folder, studies, size, seed };
  if (await already(folder, settings)) return { ...result, written: false };
  const temporary = join(dirname(resolve(folder)), `.phantom-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await writeStudies(temporary, { studies, size, seed }, onProgress);
    await writeFile(join(temporary, 'phantoms.json'), `${JSON.stringify(settings)}\n`);
    await rename(temporary, folder);
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw describeFileError(folder, error);
  }
  return { ...result, written: true };
}
