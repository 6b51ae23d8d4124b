// JPEG lossless, any predictor, one component.
// @ts-expect-error -- the package hides its types from Node's resolution.
import { Decoder } from 'jpeg-lossless-decoder-js';
import { streamSize } from '../stream-size.ts';
import type { DecodedFrame } from '../wasm-codecs.ts';

/** Decodes a frame that must have the given sides. Throws an Error that says what is wrong. */
export function decodeLossless(frame: Uint8Array, width: number, height: number): DecodedFrame {
  const size = streamSize(frame);
  if (size === undefined || size.width !== width || size.height !== height || size.components !== 1)
    throw new Error('cannot be decompressed (its JPEG header names another size or a colour image)');
  const bytesPerSample = size.bits > 8 ? 2 : 1;
  try {
    const samples: Uint8Array | Uint16Array = new Decoder().decode(frame.buffer as ArrayBuffer, frame.byteOffset, frame.byteLength, bytesPerSample);
    if (samples.length !== width * height) throw new Error('it has another size');
    return { data: new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength), samples: 1, bytesPerSample };
  } catch (error) {
    throw new Error(`cannot be decompressed (${(error as Error).message.split('\n')[0]})`, { cause: error });
  }
}
