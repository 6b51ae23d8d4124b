// Leaves out studies whose image cannot be read, before training or evaluation meets them.
import sharp from 'sharp';
import { readGrey } from './image/grey.ts';
import type { Study } from './study.ts';

/** Studies with readable images, and what was left out. */
export interface ReadableStudies {
  readonly studies: readonly Study[];
  /** One line per image that cannot be read. */
  readonly unreadable: readonly string[];
}

/** Up to this many images are decoded whole; of larger sets only the headers are read. */
const decodeUpTo = 20_000;

async function headerOnly(file: string): Promise<void> {
  if (!/\.(dcm|dicom)$/i.test(file)) await sharp(file).metadata();
}

/** Reads every image once. Order is kept. */
export async function readableStudies(studies: readonly Study[]): Promise<ReadableStudies> {
  const look: (file: string) => Promise<unknown> = studies.length <= decodeUpTo ? readGrey : headerOnly;
  const problems = new Map<string, string>();
  const files = [...new Set(studies.map(({ image }) => image))];
  const width = 4;
  await Promise.all(
    Array.from({ length: width }, async (_, lane) => {
      for (let i = lane; i < files.length; i += width) await look(files[i]!).catch((error: unknown) => problems.set(files[i]!, (error as Error).message));
    }),
  );
  return { studies: studies.filter(({ image }) => !problems.has(image)), unreadable: files.flatMap((file) => problems.get(file) ?? []) };
}
