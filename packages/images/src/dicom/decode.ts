// A DICOM radiograph as 8-bit grey: both look-up tables, the least value to 0 and the greatest to 255, MONOCHROME1 inverted, pixels made square.
import { DataError } from '../errors.ts';
import type { GreyImage } from '@hybridmed/inputs';
import { checkSides } from '../limits.ts';
import { resizeGrey } from '@hybridmed/inputs';
import type { DicomFile } from './file.ts';
import { readDicomFile } from './file.ts';
import { displayTransform } from './lookup.ts';
import { palette } from './palette.ts';
import type { StoredValues } from './samples.ts';
import { isDecoded, storedValues } from './samples.ts';

/** Decodes one DICOM file's first frame. Throws a DataError that names the file and what is wrong with it. */
export async function decodeDicom(bytes: Uint8Array, name: string): Promise<GreyImage> {
  try {
    const file = readDicomFile(bytes, isDecoded);
    const pixels = greyLevels(await storedValues(file), file);
    const image = squarePixels({ width: file.columns, height: file.rows, pixels }, file.aspect);
    return file.assumed.length === 0 ? image : { ...image, assumed: [...new Set(file.assumed)] };
  } catch (error) {
    // dicom-parser throws objects that are no errors.
    const reason = error instanceof Error ? error.message : String((error as { exception?: unknown })?.exception ?? error);
    throw new DataError(`${name}: ${/^(is|has|its|stores|cannot) /.test(reason) ? reason : `is not readable DICOM (${reason})`}`.split('\n')[0]! + advice);
  }
}

const advice = '; convert the image to PNG or leave the study out';

/** Bit patterns as numbers: unused bits off, the sign carried up. */
function storedNumber({ bitsStored, lowBits, signed }: DicomFile): (pattern: number) => number {
  const [mask, sign] = [2 ** bitsStored - 1, 2 ** (bitsStored - 1)];
  return (pattern) => {
    const value = (pattern >> lowBits) & mask;
    return signed && value >= sign ? value - 2 * sign : value;
  };
}

/** Every stored value is displayed alike wherever it occurs: the work is done once for each of the 256 or 65,536. */
function greyLevels(stored: StoredValues, file: DicomFile): Uint8Array {
  const size = stored instanceof Uint8Array ? 256 : 65_536;
  const present = new Uint8Array(size);
  for (let i = 0; i < stored.length; i++) present[stored[i]!] = 1;
  const numberOf = storedNumber(file);
  const display = palette(file) ?? displayTransform(file);
  const shown = new Float64Array(size);
  let [least, greatest] = [Infinity, -Infinity];
  for (let pattern = 0; pattern < size; pattern++) {
    if (present[pattern] === 0) continue;
    const value = (shown[pattern] = display(numberOf(pattern)));
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  const inverted = file.photometric === 'MONOCHROME1';
  const levels = new Uint8Array(size);
  for (let pattern = 0; pattern < size; pattern++) {
    if (present[pattern] === 0) continue;
    const level = Math.round((shown[pattern]! - least) * scale);
    levels[pattern] = inverted ? 255 - level : level;
  }
  const pixels = new Uint8Array(stored.length);
  for (let i = 0; i < stored.length; i++) pixels[i] = levels[stored[i]!]!;
  return pixels;
}

/** Pixels that are not square: the side that was sampled more coarsely is enlarged. */
function squarePixels(image: GreyImage, aspect: number): GreyImage {
  const [width, height] = [Math.round(image.width * Math.max(1, 1 / aspect)), Math.round(image.height * Math.max(1, aspect))];
  if (aspect > 16 || aspect < 1 / 16) throw new Error(`has pixels ${aspect} times as high as wide`);
  checkSides(width, height);
  return width === image.width && height === image.height ? image : resizeGrey(image, width, height);
}
