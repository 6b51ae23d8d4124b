// From stored values to displayed ones: modality LUT, then VOI LUT (PS3.3 C.11.1 and C.11.2), as pydicom's apply_modality_lut and apply_voi_lut.
import type dicomParser from 'dicom-parser';
import type { DicomFile } from './file.ts';
import { bareCode, decimal } from './file.ts';

type Transform = (value: number) => number;

/** Least and greatest value that can come. */
type Range = readonly [least: number, greatest: number];

/** A DICOM look-up table for values of a range; undefined where there is none. */
function table({ set: whole, assumed }: DicomFile, sequence: string, [least, greatest]: Range): Transform | undefined {
  const set = firstItem(whole, sequence);
  const [descriptor, data] = [set?.elements.x00283002, set?.elements.x00283006];
  if (set === undefined) return undefined;
  const count = set.uint16('x00283002', 0) || 65_536;
  const packed = data !== undefined && data.length < 2 * count;
  const available = data === undefined ? 0 : packed ? data.length : count;
  if (descriptor === undefined || descriptor.length < 6 || available < 1) {
    assumed.push('a look-up table without descriptor or data is left aside');
    return undefined;
  }
  // The first mapped value is signed as the values before the table are (PS3.3 C.11.1.1.1, C.11.2.1.1), whatever a writer's dictionary made of it.
  const [unsigned, signed] = [set.uint16('x00283002', 1)!, set.int16('x00283002', 1)!];
  const isSigned = descriptor.vr === 'SS' || (descriptor.vr === 'US' ? unsigned > greatest && signed + count > least : least < 0);
  const first = isSigned ? signed : unsigned;
  const entries = Float64Array.from({ length: Math.min(count, available) }, (_, i) =>
    packed ? set.byteArray[data!.dataOffset + i]! : set.uint16('x00283006', i)!,
  );
  return (value) => entries[Math.min(Math.max(Math.trunc(value - first), 0), entries.length - 1)]!;
}

const firstItem = (set: dicomParser.DataSet, tag: string): dicomParser.DataSet | undefined => set.elements[tag]?.items?.[0]?.dataSet;

/** Slope and intercept; undefined where there are not both. */
function rescale({ set, assumed }: DicomFile): { slope: number; intercept: number } | undefined {
  const [slope, intercept] = [decimal(set, 'x00281053', assumed), decimal(set, 'x00281052', assumed)];
  if ((slope === undefined) !== (intercept === undefined)) assumed.push('a rescale slope or intercept without the other is left aside');
  return slope === undefined || intercept === undefined ? undefined : { slope, intercept };
}

/** Stored values to those before the window, and which can come. */
function modality(file: DicomFile): { apply?: Transform; range: Range } {
  const top = 2 ** file.bitsStored;
  const stored: Range = file.signed ? [-top / 2, top / 2 - 1] : [0, top - 1];
  const lookUp = table(file, 'x00283000', stored);
  if (lookUp) return { apply: lookUp, range: [0, 65_535] };
  const linear = rescale(file);
  if (linear === undefined) return { range: stored };
  const apply: Transform = (value) => value * linear.slope + linear.intercept;
  return { apply, range: [Math.min(...stored.map(apply)), Math.max(...stored.map(apply))] };
}

/** The first window, as a value from 0 to 1; undefined where there is none, or its width is not one. */
function windowed(file: DicomFile): Transform | undefined {
  const { set, assumed } = file;
  const [centre, width] = [decimal(set, 'x00281050', assumed), decimal(set, 'x00281051', assumed)];
  const shape = bareCode(set.string('x00281056') || 'LINEAR');
  if (centre === undefined && width === undefined) return undefined;
  if (!['LINEAR', 'LINEAREXACT', 'SIGMOID'].includes(shape)) assumed.push(`the window's function ${JSON.stringify(shape)} is not known: read as LINEAR`);
  if (centre === undefined || width === undefined || width <= 0 || (width < 1 && !['LINEAREXACT', 'SIGMOID'].includes(shape))) {
    assumed.push(`a window of centre ${centre} and width ${width} is left aside`);
    return undefined;
  }
  // A negative slope turns the range that pydicom spreads the window over.
  const upward = (rescale(file)?.slope ?? 1) >= 0;
  const direction: Transform = upward ? (value) => value : (value) => 1 - value;
  if (shape === 'SIGMOID') return (value) => direction(1 / (1 + Math.exp((-4 * (value - centre)) / width)));
  const [middle, span] = shape === 'LINEAREXACT' ? [centre, width] : [centre - 0.5, width - 1];
  return (value) => {
    if (value <= middle - span / 2) return direction(0);
    return direction(value > middle + span / 2 ? 1 : (value - middle) / span + 0.5);
  };
}

/** The whole way from a stored value to the one displayed: both tables of a monochrome image, none of a colour one. Throws an Error that names a broken value. */
export function displayTransform(file: DicomFile): Transform {
  if (!file.photometric.startsWith('MONOCHROME')) return (value) => value;
  const { apply, range } = modality(file);
  const second = table(file, 'x00283010', range) ?? windowed(file);
  if (apply && second) return (value) => second(apply(value));
  return apply ?? second ?? ((value) => value);
}
