// Images of palette colours as luminance.
import type { DicomFile } from './file.ts';

/** The luminance of a palette's entries [ITU-R BT.601]; undefined for images that have no palette. */
export function palette({ set, photometric }: DicomFile): ((value: number) => number) | undefined {
  if (photometric !== 'PALETTE COLOR') return undefined;
  const channels = ['1', '2', '3'].map((n) => {
    const [descriptor, data] = [`x0028110${n}`, `x0028120${n}`];
    if (!set.elements[descriptor] || !set.elements[data]) throw new Error('has palette colours without a palette');
    const count = set.uint16(descriptor, 0) || 65_536;
    const first = set.uint16(descriptor, 1) ?? 0;
    const wide = set.elements[data].length >= 2 * count;
    return (value: number) => {
      const index = Math.min(Math.max(value - first, 0), count - 1);
      return (wide ? set.uint16(data, index) : set.byteArray[set.elements[data]!.dataOffset + index]) ?? 0;
    };
  });
  return (value) => 0.299 * channels[0]!(value) + 0.587 * channels[1]!(value) + 0.114 * channels[2]!(value);
}
