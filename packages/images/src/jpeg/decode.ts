// Baseline JPEG as grey: at full size, or at a half, a quarter or an eighth of it from the coefficients alone. The same bytes are read whatever the size: a file is broken at every size or at none.
import type { GreyImage } from '@hybridmed/inputs';
import { reductionOf } from '@hybridmed/inputs';
import { Scratch } from '../scratch.ts';
import { BlockReader } from './block-reader.ts';
import type { Plane } from './block-writer.ts';
import { blockWriter } from './block-writer.ts';
import { luminanceOfPlanes } from './colours.ts';
import type { JpegFrame } from './header.ts';
import { readJpegFrame } from './header.ts';
import { entropyCoded } from './scan.ts';

// A position in bits must stay a small integer.
const maxBytes = 2 ** 27;

// Three planes, and thrice the work.
const maxColoured = 2 ** 25;

/**
 * Decodes baseline JPEG; with `atLeast`, at the smallest size whose longest side is still that (sides rounded up), each pixel the mean of those
 * it stands for. Images that show colours come at full size. Pixels may lie in `scratch`. Undefined for other kinds of JPEG. Throws an Error for a
 * broken or truncated file.
 */
export function decodeBaseline(bytes: Uint8Array, atLeast?: number, scratch = new Scratch()): GreyImage | undefined {
  const frame = bytes.length < maxBytes ? readJpegFrame(bytes) : undefined;
  const first = frame?.components[0];
  if (frame === undefined || first === undefined) return undefined;
  const { width, height, rgb } = frame;
  const single = frame.components.length === 1;
  if (!single && frame.components.some(({ across, down }) => across > first.across || down > first.down)) return undefined;
  if (!single && frame.components.some(({ across, down }) => across * down < 1 || across * down > 10)) throw new Error('has broken sampling factors');
  const factor = atLeast === undefined ? 1 : reductionOf(Math.max(width, height), atLeast);
  const grey = rgb ? undefined : decodeUnits(frame, bytes, 8 / factor, 1, scratch);
  if (grey) return { width: Math.ceil(width / factor), height: Math.ceil(height / factor), pixels: tight(grey[0]!, factor), ...(factor > 1 ? { sides: [width / factor, height / factor] as const } : {}) }; // prettier-ignore
  if (width * height > maxColoured) throw new Error(`is ${width} x ${height} pixels of colours, not 1 to ${maxColoured}`);
  const planes = decodeUnits(frame, bytes, 8, 3, scratch)!;
  return { width, height, pixels: luminanceOfPlanes(planes, width, height, rgb) };
}

/** A plane's pixels without what lies beyond the image: rows move to the front, where nothing is read any more. */
function tight({ width, height, stride, pixels }: Plane, factor: number): Uint8Array {
  const [wide, high] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  if (wide < stride) for (let row = 1; row < high; row++) pixels.copyWithin(row * wide, row * stride, row * stride + wide);
  return pixels.subarray(0, wide * high);
}

/** A component as it is read: its blocks in a unit, its tables, and where its pixels go. */
interface Layer {
  readonly across: number;
  readonly down: number;
  readonly dc: NonNullable<JpegFrame['components'][number]['dc']>;
  readonly ac: NonNullable<JpegFrame['components'][number]['ac']>;
  readonly plane: Plane | undefined;
  readonly write: ReturnType<typeof blockWriter> | undefined;
}

/** Components in turn, the first `shown` of them with planes, blocks of `size` x `size` pixels. */
function layersOf({ width, height, components, quantization }: JpegFrame, size: number, shown: number, scratch: Scratch): Layer[] {
  const { across: most, down: tallest } = components[0]!;
  const single = components.length === 1;
  return components.map((component, i) => {
    const { dc, ac } = component;
    const [across, down] = single ? [1, 1] : [component.across, component.down];
    const steps = quantization[component.quantization];
    if (dc === undefined || ac === undefined || steps === undefined) throw new Error('lacks a table');
    if (i >= shown) return { across, down, dc, ac, plane: undefined, write: undefined };
    const [unitsWide, unitsHigh] = [Math.ceil(width / (8 * (single ? 1 : most))), Math.ceil(height / (8 * (single ? 1 : tallest)))];
    const stride = unitsWide * across * size;
    const plane = {
      width: (width * component.across) / most,
      height: (height * component.down) / tallest,
      size,
      steps,
      stride,
      pixels: scratch.take(`plane ${i}`, stride * unitsHigh * down * size),
    };
    return { across, down, dc, ac, plane, write: blockWriter(plane) };
  });
}

/** Decodes all units into planes of the first `shown` components; undefined where another shows a colour. */
function decodeUnits(frame: JpegFrame, bytes: Uint8Array, size: number, shown: number, scratch: Scratch): Plane[] | undefined {
  const { view, starts } = entropyCoded(bytes, frame.scan, scratch);
  const layers = layersOf(frame, size, shown, scratch);
  const { across: most, down: tallest } = layers[0]!;
  const [unitsWide, unitsHigh] = [Math.ceil(frame.width / (8 * most)), Math.ceil(frame.height / (8 * tallest))];
  const block = new BlockReader(view);
  const firsts = new Int32Array(layers.length);
  let [part, end] = [0, starts[1]! * 8];
  for (let unit = 0; unit < unitsWide * unitsHigh; unit++) {
    if (frame.restart > 0 && unit > 0 && unit % frame.restart === 0) {
      part++;
      [block.bit, end] = [(starts[part] ?? starts.at(-1)!) * 8, (starts[part + 1] ?? starts.at(-1)!) * 8];
      firsts.fill(0);
    }
    const [column, row] = [unit % unitsWide, Math.floor(unit / unitsWide)];
    for (let i = 0; i < layers.length; i++) {
      const { across, down, dc, ac, write } = layers[i]!;
      for (let y = 0; y < down; y++) {
        for (let x = 0; x < across; x++) {
          firsts[i]! += block.read(dc, ac);
          // Beyond the data come zeros.
          if (block.bit > end) throw new Error('is truncated: its pixels end early');
          if (write) write(firsts[i]!, block, 8 * (column * across + x), 8 * (row * down + y));
          else if (firsts[i] !== 0 || block.count > 0) return undefined;
        }
      }
    }
  }
  return layers.flatMap(({ plane }) => plane ?? []);
}
