// Uncompressed DICOM radiographs as 8-bit grey: modality slope, the first window (else the full range), MONOCHROME1 inverted once.
import dicomParser from 'dicom-parser';
import { DataError } from '../errors.ts';
import type { GreyImage } from './grey.ts';

const uncompressed = new Set(['1.2.840.10008.1.2', '1.2.840.10008.1.2.1']);

/** Decodes one DICOM file's first frame. Throws a DataError that names the file and what it lacks. */
export function decodeDicom(bytes: Uint8Array, file: string): GreyImage {
  const fail = (problem: string): never => {
    throw new DataError(`${file}: ${problem}; convert the image to PNG or leave the study out`);
  };
  let set: dicomParser.DataSet;
  try {
    set = dicomParser.parseDicom(bytes);
  } catch (error) {
    return fail(`is not DICOM (${String((error as { exception?: string }).exception ?? (error as Error).message ?? error).split('\n')[0]})`);
  }
  const syntax = set.string('x00020010') ?? '1.2.840.10008.1.2';
  if (!uncompressed.has(syntax)) return fail(`has the transfer syntax ${syntax}, which this version does not decode`);
  const [height, width, bits, signed] = [set.uint16('x00280010'), set.uint16('x00280011'), set.uint16('x00280100') ?? 16, set.uint16('x00280103') === 1];
  const element = set.elements.x7fe00010;
  if (!height || !width || !element) return fail('has no pixels');
  const count = width * height;
  if (element.dataOffset + count * (bits / 8) > bytes.length) return fail('its pixel data is truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset + element.dataOffset);
  const raw = (i: number): number => (bits === 8 ? view.getUint8(i) : signed ? view.getInt16(2 * i, true) : view.getUint16(2 * i, true));
  const [slope, intercept] = [set.floatString('x00281053') ?? 1, set.floatString('x00281052') ?? 0];
  const values = Float32Array.from({ length: count }, (_, i) => raw(i) * slope + intercept);
  const [centre, span] = [set.floatString('x00281050'), set.floatString('x00281051')];
  const [low, high] = centre !== undefined && span !== undefined && span > 1 ? [centre - 0.5 - (span - 1) / 2, centre - 0.5 + (span - 1) / 2] : rangeOf(values);
  const inverted = set.string('x00280004')?.trim() === 'MONOCHROME1';
  const pixels = Uint8Array.from(values, (value) => {
    const level = high > low ? Math.min(Math.max((value - low) / (high - low), 0), 1) : 0;
    return Math.round(255 * (inverted ? 1 - level : level));
  });
  return { width, height, pixels };
}

function rangeOf(values: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}
