// Decoders that are WebAssembly: JPEG, JPEG-LS, JPEG 2000 and its high-throughput form.
import { streamSize } from './stream-size.ts';

/** A decoded image: samples pixel by pixel, one or two bytes each (little-endian). */
export interface DecodedFrame {
  readonly data: Uint8Array;
  readonly samples: number;
  readonly bytesPerSample: 1 | 2;
}

/** A decoder as the codec packages give it. */
interface WasmDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): { width: number; height: number; bitsPerSample?: number; componentCount: number };
  delete(): void;
}
interface WasmModule {
  readonly HEAPU8: Uint8Array;
  readonly getExceptionMessage?: (pointer: number) => string;
  readonly [decoder: string]: unknown;
}

/** An Emscripten module's factory. */
interface WasmFactory {
  readonly default: (options: { print(): void; printErr(): void }) => Promise<WasmModule>;
}

/** Names of the decoders. */
export type WasmCodec = 'jpeg' | 'jpegLs' | 'jpeg2000' | 'htj2k';

const codecs: Readonly<Record<WasmCodec, { load(): Promise<unknown>; decoder: string }>> = {
  // @ts-expect-error -- no types.
  jpeg: { load: () => import('@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs'), decoder: 'JPEGDecoder' },
  // @ts-expect-error -- no types.
  jpegLs: { load: () => import('@cornerstonejs/codec-charls/decodewasmjs'), decoder: 'JpegLSDecoder' },
  // @ts-expect-error -- no types.
  jpeg2000: { load: () => import('@cornerstonejs/codec-openjpeg/decodewasmjs'), decoder: 'J2KDecoder' },
  // @ts-expect-error -- no types.
  htj2k: { load: () => import('@cornerstonejs/codec-openjph'), decoder: 'HTJ2KDecoder' },
};
const instances = new Map<WasmCodec, Promise<WasmModule>>();

// A new object for each instance: Emscripten makes the module of the very object it is given.
const silent = () => ({ print: () => undefined, printErr: () => undefined });

function instance(name: WasmCodec): Promise<WasmModule> {
  let loading = instances.get(name);
  if (!loading) {
    loading = codecs[name].load().then((module) => (module as WasmFactory).default(silent()));
    instances.set(name, loading);
    loading.catch(() => instances.delete(name));
  }
  return loading;
}

// Where a stream of JPEG-LS was cut off, CharLS may count zeros beyond its end for seconds; at an end marker it stops. libjpeg-turbo wants one, which
// may be all that a file lacks. One after the stream's own does no harm.
const endOfImage = Uint8Array.of(0xff, 0xd9);
const noEnd = new Uint8Array(0);

// Bytes of samples, and samples of OpenJPEG, which holds each in some ten bytes and every tile in some thousands.
const [maxDecoded, maxWavelets, maxTiles] = [2 ** 26, 3 * 2 ** 23, 4096];

// A decoder's memory grows and never shrinks; beyond this it is given up for a new one.
const maxHeapBytes = 2 ** 28;

/**
 * Decodes an image that must have the given sides. Its own header is believed only where it agrees, before anything is allocated
 * for it. After a trap, which leaves its memory in any state, the decoder is thrown away. Throws an Error that says what is wrong.
 */
export async function decodeWasm(name: WasmCodec, frame: Uint8Array, width: number, height: number): Promise<DecodedFrame> {
  const size = streamSize(frame);
  if (size === undefined || size.width !== width || size.height !== height)
    throw new Error(`has a compressed image of ${size?.width ?? 0} x ${size?.height ?? 0} pixels in one of ${width} x ${height}`);
  const { components, bits, tiles = 1 } = size;
  const samples = width * height * components;
  if (components > 4 || tiles > maxTiles || (name === 'jpeg2000' ? samples > maxWavelets : samples * (bits > 8 ? 2 : 1) > maxDecoded))
    throw new Error(`is ${width} x ${height} pixels of ${components} x ${bits} bits in ${tiles} ${tiles === 1 ? 'tile' : 'tiles'}, more than is decoded`);
  let module: WasmModule | undefined;
  let decoder: WasmDecoder | undefined;
  try {
    module = await instance(name);
    decoder = new (module[codecs[name].decoder] as new () => WasmDecoder)();
    const end = name === 'jpegLs' || name === 'jpeg' ? endOfImage : noEnd;
    const encoded = decoder.getEncodedBuffer(frame.length + end.length);
    encoded.set(frame);
    encoded.set(end, frame.length);
    decoder.decode();
    const { bitsPerSample = 8, componentCount, ...info } = decoder.getFrameInfo();
    const bytesPerSample = bitsPerSample > 8 ? 2 : 1;
    const decoded = decoder.getDecodedBuffer();
    const needed = width * height * componentCount * bytesPerSample;
    if (info.width !== width || info.height !== height || decoded.length < needed) throw new Error('its pixels are fewer than its header says');
    // A copy: the next image will be decoded into the same memory.
    const data = new Uint8Array(decoded.buffer, decoded.byteOffset, needed).slice();
    return { data, samples: componentCount, bytesPerSample };
  } catch (error) {
    const trapped = error instanceof WebAssembly.RuntimeError;
    if (trapped) instances.delete(name);
    if (trapped) decoder = undefined;
    const text = typeof error === 'number' ? (module?.getExceptionMessage?.(error) ?? '') : (error as Error).message;
    throw new Error(`cannot be decompressed (${String(text).split('\n')[0] || 'the codestream is broken'})`, { cause: error });
  } finally {
    decoder?.delete();
    if ((module?.HEAPU8.length ?? 0) > maxHeapBytes) instances.delete(name);
  }
}
