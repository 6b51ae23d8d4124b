// JPEG and PNG as 8-bit grey pixels: small ones by the quickest way there is, the rest through libvips.
import type sharp from 'sharp';
import type { Sharp } from 'sharp';
import type { GreyImage } from '@hybridmed/inputs';
import { decodeBaseline } from './jpeg/decode.ts';
import { checkSides, maxPixels } from './limits.ts';
import { luminanceOf } from './luminance.ts';
import { decodePlainPng } from './png.ts';
import type { Scratch } from './scratch.ts';
import { streamSize } from './stream-size.ts';
import { decodeWasm } from './wasm-codecs.ts';

/** libvips, loaded when the first image needs it: opening a set does not. Files are read once each: nothing is worth keeping between them. */
async function load(): Promise<typeof sharp> {
  const { default: own } = await import('sharp');
  own.cache(false);
  return own;
}

let loaded: Promise<typeof sharp> | undefined;

// A decoder goes through all blocks for each scan, and keeps their coefficients: 100 scans, and ten of the largest image.
const [maxScans, maxScanSamples, maxScanWork] = [100, 3 * 2 ** 24, 30 * 2 ** 24];

const open = async (bytes: Uint8Array): Promise<Sharp> => (await (loaded ??= load()))(bytes, { failOn: 'error', limitInputPixels: maxPixels, ignoreIcc: true });

/**
 * Decodes JPEG: baseline by the decoder here, other kinds by libjpeg-turbo, whatever the size. With `atLeast`, a baseline image whose longest side is
 * at least twice that comes at a half, quarter or eighth of its size; these lie in `scratch` where there is one.
 */
export async function decodeJpeg(bytes: Uint8Array, atLeast?: number, scratch?: Scratch): Promise<GreyImage> {
  const size = streamSize(bytes);
  if (size === undefined) throw new Error('has no frame header');
  const { width, height, components, bits } = size;
  checkSides(width, height);
  if (bits !== 8) throw new Error(`is JPEG of ${bits} bits, which is not decoded`);
  const baseline = decodeBaseline(bytes, atLeast, scratch);
  if (baseline) return baseline;
  checkScans(bytes, width * height * components);
  if (components === 4) return raw(await open(bytes));
  const { data, samples } = await decodeWasm('jpeg', bytes, width, height);
  return { width, height, pixels: samples === 1 ? data : luminanceOf(data, samples) };
}

/** Throws for an image of several scans that takes too much memory, two bytes a sample and what comes of it, or too often all blocks. */
function checkScans(bytes: Uint8Array, samples: number): void {
  let scans = 0;
  for (let at = bytes.indexOf(0xff); at !== -1; at = bytes.indexOf(0xff, at + 1)) if (bytes[at + 1] === 0xda) scans++;
  if (samples > maxScanSamples || scans > maxScans || scans * samples > maxScanWork)
    throw new Error(`has ${scans} scans of ${samples} samples, more than is decoded`);
}

// An interlaced image lies in memory whole, another as what comes of it.
const maxSampleBytes = { interlaced: 2 ** 26, plain: 2 ** 27 };

/** Throws for an image whose sides or samples are more than is decoded. */
function checkPngSize(bytes: Uint8Array): void {
  if (bytes.length < 33) throw new Error('is truncated');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  checkSides(width, height);
  const samples = ({ 2: 3, 4: 2, 6: 4 } as Record<number, number>)[bytes[25]!] ?? 1;
  if (width * height * samples * Math.max(1, bytes[24]! / 8) > (bytes[28] === 0 ? maxSampleBytes.plain : maxSampleBytes.interlaced))
    throw new Error(`is ${width} x ${height} pixels of ${samples} x ${bytes[24]} bits, more than is decoded`);
}

/** Decodes PNG of up to 8 bits. */
export async function decodePng(bytes: Uint8Array): Promise<GreyImage> {
  checkPngSize(bytes);
  return decodePlainPng(bytes) ?? raw((await open(bytes)).flatten());
}

async function raw(pipeline: Sharp): Promise<GreyImage> {
  const { data, info } = await pipeline.raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  return { width, height, pixels: channels === 1 ? data : channels === 2 ? data.filter((_, i) => i % 2 === 0) : luminanceOf(data, channels) };
}

/** Decodes PNG of 16 bits, of which no one says how many are used: as in DICOM, the least value becomes 0 and the greatest 255. */
export async function decodeDeepPng(bytes: Uint8Array): Promise<GreyImage> {
  checkPngSize(bytes);
  const { data, info } = await (
    await open(bytes)
  )
    .flatten()
    .toColourspace('grey16')
    .extractChannel(0)
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  const values = new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2);
  let [least, greatest] = [65_535, 0];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const scale = greatest > least ? 255 / (greatest - least) : 0;
  const pixels = new Uint8Array(values.length);
  for (let i = 0; i < pixels.length; i++) pixels[i] = (values[i]! - least) * scale + 0.5;
  return { width: info.width, height: info.height, pixels };
}
