// The same in a browser, with onnxruntime-web: an exported folder served with the page, and an image that the user selects.
import * as ort from 'onnxruntime-web/wasm';
import { greedy, textOf } from './greedy.ts';

const json = async (path: string) => (await fetch(path)).json();

/** The impression of a radiograph, in the page. `folder` is the URL of an exported folder; `wasm` that of onnxruntime-web's dist/ort-wasm-simd-threaded.wasm. */
export async function impressionOf(bitmap: ImageBitmap, folder: string, wasm: string): Promise<string> {
  ort.env.wasm.wasmPaths = { wasm };
  const [{ image, special, text, decoder }, { model }] = [await json(`${folder}/export.json`), await json(`${folder}/tokenizer.json`)];
  const open = (name: string) => ort.InferenceSession.create(`${folder}/caption/${name}.onnx`);
  const sessions = { encoder: await open('encoder'), prefill: await open('prefill'), decode: await open('decode') };
  const inputs = { image: new ort.Tensor('float32', prepare(bitmap, image), [1, image.channels, image.size, image.size]) };
  const [ids] = await greedy(ort, sessions, inputs, { special, maxTokens: Math.min(text.impressionLength, decoder.positions) });
  return textOf(ids!, model.vocab);
}

/** Padded to a square with black, resized, centre-cropped, in [-1, 1]: one grey plane per channel. */
function prepare(bitmap: ImageBitmap, { size, channels, resize }: { size: number; channels: number; resize: number }): Float32Array {
  const scale = resize / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width * scale, bitmap.height * scale];
  const canvas = new OffscreenCanvas(resize, resize);
  const context = canvas.getContext('2d')!;
  context.fillRect(0, 0, resize, resize);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, (resize - width) / 2, (resize - height) / 2, width, height);
  const offset = Math.floor((resize - size) / 2);
  const { data } = context.getImageData(offset, offset, size, size);
  // Radiographs are grey: red, green and blue are equal.
  const plane = Float32Array.from({ length: size * size }, (_, i) => (data[4 * i]! / 255 - 0.5) / 0.5);
  const pixels = new Float32Array(channels * size * size);
  for (let channel = 0; channel < channels; channel++) pixels.set(plane, channel * size * size);
  return pixels;
}
