// Decoders of compressed frames: JPEG through sharp, JPEG lossless in JavaScript, JPEG-LS and JPEG 2000 as WebAssembly.
// @ts-expect-error -- the package hides its types from Node's resolution.
import { Decoder as LosslessDecoder } from 'jpeg-lossless-decoder-js';
import sharp from 'sharp';
import { maxPixels } from '../limits.ts';
import { streamSize } from './stream-size.ts';

/** A decoded frame: samples pixel by pixel, one or two bytes each (little-endian). */
export interface DecodedFrame {
  readonly data: Uint8Array;
  readonly samples: number;
  readonly bytesPerSample: 1 | 2;
}

/** A WebAssembly decoder as the codec packages give it. */
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): { width: number; height: number; bitsPerSample: number; componentCount: number };
  delete(): void;
}
type WasmModule = Readonly<Record<string, new () => WasmDecoder>> & { getExceptionMessage?: (pointer: number) => string };

/** An Emscripten module's factory. */
interface WasmFactory {
  readonly default: (options: { print(): void; printErr(): void }) => Promise<WasmModule>;
}

type WasmCodec = 'jpegLs' | 'jpeg2000' | 'htj2k';

/* The codec packages carry no types. */
const wasmCodecs: Readonly<Record<WasmCodec, { load(): Promise<unknown>; decoder: string }>> = {
  // @ts-expect-error -- no types.
  jpegLs: { load: () => import('@cornerstonejs/codec-charls/decodewasmjs'), decoder: 'JpegLSDecoder' },
  // @ts-expect-error -- no types.
  jpeg2000: { load: () => import('@cornerstonejs/codec-openjpeg/decodewasmjs'), decoder: 'J2KDecoder' },
  // @ts-expect-error -- no types.
  htj2k: { load: () => import('@cornerstonejs/codec-openjph'), decoder: 'HTJ2KDecoder' },
};
const instances = new Map<WasmCodec, Promise<WasmModule>>();

const silent = { print: () => undefined, printErr: () => undefined };

function instance(name: WasmCodec): Promise<WasmModule> {
  let made = instances.get(name);
  if (!made) instances.set(name, (made = wasmCodecs[name].load().then((module) => (module as WasmFactory).default(silent))));
  return made;
}

/** Decodes with a WebAssembly codec. After an error its instance, whose memory may be in any state, is thrown away. */
export async function decodeWasm(name: WasmCodec, frame: Uint8Array, width: number, height: number): Promise<DecodedFrame> {
  const size = streamSize(frame);
  if (size !== undefined && (size.width !== width || size.height !== height || size.width * size.height * size.components > 3 * maxPixels))
    throw new Error(`has a compressed image of ${size.width} x ${size.height} pixels in one of ${width} x ${height}`);
  const module = await instance(name);
  try {
    const decoder = new module[wasmCodecs[name].decoder]!();
    decoder.getEncodedBuffer(frame.length).set(frame);
    decoder.decode();
    const info = decoder.getFrameInfo();
    const bytesPerSample = info.bitsPerSample > 8 ? 2 : 1;
    const decoded = decoder.getDecodedBuffer();
    const needed = width * height * info.componentCount * bytesPerSample;
    if (info.width !== width || info.height !== height || decoded.length < needed) throw new Error('its compressed image has another size');
    const data = Uint8Array.prototype.slice.call(decoded, 0, needed);
    decoder.delete();
    return { data, samples: info.componentCount, bytesPerSample };
  } catch (error) {
    instances.delete(name);
    const text = typeof error === 'number' ? (module.getExceptionMessage?.(error) ?? '') : (error as Error).message;
    throw new Error(`cannot be decompressed (${String(text).split('\n')[0] || 'the codestream is broken'})`, { cause: error });
  }
}

/** JPEG lossless (processes 14), any predictor, one component. */
export function decodeLossless(frame: Uint8Array, width: number, height: number): DecodedFrame {
  const size = streamSize(frame);
  if (size === undefined || size.width !== width || size.height !== height || size.components !== 1)
    throw new Error('cannot be decompressed (its JPEG header names another size or a colour image)');
  const bytesPerSample = size.bits > 8 ? 2 : 1;
  try {
    const samples: Uint8Array | Uint16Array = new LosslessDecoder().decode(frame.buffer as ArrayBuffer, frame.byteOffset, frame.byteLength, bytesPerSample);
    if (samples.length !== width * height) throw new Error('it has another size');
    return { data: new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), samples: 1, bytesPerSample };
  } catch (error) {
    throw new Error(`cannot be decompressed (${(error as Error).message.split('\n')[0]})`, { cause: error });
  }
}

/** JPEG of 8 bits, baseline or extended; colours as their luminance. */
export async function decodeJpeg(frame: Uint8Array, width: number, height: number): Promise<DecodedFrame> {
  const size = streamSize(frame);
  if (size !== undefined && size.bits !== 8) throw new Error(`is JPEG of ${size.bits} bits, which is not decoded`);
  try {
    const { data, info } = await sharp(frame, { failOn: 'error', limitInputPixels: maxPixels })
      .greyscale()
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.width !== width || info.height !== height) throw new Error(`it is ${info.width} x ${info.height} pixels`);
    return { data, samples: 1, bytesPerSample: 1 };
  } catch (error) {
    throw new Error(`cannot be decompressed (${(error as Error).message.split('\n')[0]})`, { cause: error });
  }
}
