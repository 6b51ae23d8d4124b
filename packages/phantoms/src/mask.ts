// The true region of a finding on a written phantom.
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { GreyImage } from '@hybridmed/data';
import { DataError, readGrey } from '@hybridmed/data';
import type { FindingName } from './findings.ts';
import { phantomFindings } from './findings.ts';

/** Where a finding is on a phantom's image, of its size: 1 inside, 0 outside. Undefined where the image has no mask beside it. Throws a DataError for a mask that cannot be read. */
export async function readPhantomMask(image: string, finding: FindingName): Promise<GreyImage | undefined> {
  const file = join(dirname(dirname(image)), 'masks', basename(image));
  if (!existsSync(file)) return undefined;
  const bit = phantomFindings.indexOf(finding);
  if (bit < 0) throw new DataError(`"${finding}" is no phantom finding; name one of ${phantomFindings.join(', ')}`);
  const { width, height, pixels } = await readGrey(file);
  return { width, height, pixels: pixels.map((bits) => (bits >> bit) & 1) };
}
