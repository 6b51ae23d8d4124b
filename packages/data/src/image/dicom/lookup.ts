// From stored values to displayed ones: modality LUT, then VOI LUT (PS3.3 C.11.1 and C.11.2), as pydicom's apply_modality_lut and apply_voi_lut.
import type dicomParser from 'dicom-parser';
import type { DicomFile } from './file.ts';

type Transform = (value: number) => number;

/** A DICOM look-up table; undefined where the item lacks its descriptor or data. */
function table(set: dicomParser.DataSet | undefined, signed: boolean): { lookUp: Transform; bits: number } | undefined {
  const [descriptor, data] = [set?.elements.x00283002, set?.elements.x00283006];
  if (set === undefined || descriptor === undefined || data === undefined || descriptor.length < 6) return undefined;
  const count = set.uint16('x00283002', 0) || 65_536;
  // In an implicit file the first mapped value is signed as the pixels are.
  const first = (descriptor.vr === undefined ? signed : descriptor.vr === 'SS') ? set.int16('x00283002', 1)! : set.uint16('x00283002', 1)!;
  const packed = data.length < 2 * count;
  const available = packed ? data.length : count;
  if (available < 1) return undefined;
  const entries = Float64Array.from({ length: Math.min(count, available) }, (_, i) =>
    packed ? set.byteArray[data.dataOffset + i]! : set.uint16('x00283006', i)!,
  );
  return { lookUp: (value) => entries[Math.min(Math.max(Math.trunc(value - first), 0), entries.length - 1)]!, bits: set.uint16('x00283002', 2)! };
}

const firstItem = (set: dicomParser.DataSet, tag: string): dicomParser.DataSet | undefined => set.elements[tag]?.items?.[0]?.dataSet;

/** A decimal string's first value. */
function decimal(set: dicomParser.DataSet, tag: string): number | undefined {
  const text = set.string(tag, 0)?.trim();
  const value = text ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : undefined;
}

const rescale = (set: dicomParser.DataSet): { slope: number; intercept: number } | undefined => {
  const [slope, intercept] = [decimal(set, 'x00281053'), decimal(set, 'x00281052')];
  return slope === undefined || intercept === undefined ? undefined : { slope, intercept };
};

function modality({ set, signed }: DicomFile): Transform | undefined {
  const lut = table(firstItem(set, 'x00283000'), signed);
  const linear = rescale(set);
  if (lut) return lut.lookUp;
  return linear && ((value) => value * linear.slope + linear.intercept);
}

/** The first window, as a value from 0 to 1; undefined where there is none, or its width is not one. */
function windowed(set: dicomParser.DataSet): Transform | undefined {
  const [centre, width] = [decimal(set, 'x00281050'), decimal(set, 'x00281051')];
  const shape = (set.string('x00281056') ?? 'LINEAR').trim().toUpperCase();
  if (centre === undefined || width === undefined || width <= 0 || (width < 1 && !['LINEAR_EXACT', 'SIGMOID'].includes(shape))) return undefined;
  // A negative slope turns the range that pydicom spreads the window over.
  const upward = (rescale(set)?.slope ?? 1) >= 0;
  const direction: Transform = upward ? (value) => value : (value) => 1 - value;
  if (shape === 'SIGMOID') return (value) => direction(1 / (1 + Math.exp((-4 * (value - centre)) / width)));
  const [middle, span] = shape === 'LINEAR_EXACT' ? [centre, width] : [centre - 0.5, width - 1];
  return (value) => {
    if (value <= middle - span / 2) return direction(0);
    return direction(value > middle + span / 2 ? 1 : (value - middle) / span + 0.5);
  };
}

/** The whole way from a stored value to the one displayed: both tables of a monochrome image, none of a colour one. */
export function displayTransform(file: DicomFile): Transform {
  const { set, signed, photometric } = file;
  if (!photometric.startsWith('MONOCHROME')) return (value) => value;
  const first = modality(file);
  const second = table(firstItem(set, 'x00283010'), signed)?.lookUp ?? windowed(set);
  if (first && second) return (value) => second(first(value));
  return first ?? second ?? ((value) => value);
}
