// An exported model run with onnxruntime-node alone: a radiograph's impression, by the graphs and the loop in greedy.ts.
// Arguments: an exported folder and an image, or none: then a small model is trained on phantoms and exported first.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSquare, writeCrop } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { completeConfig, exportCheckpoint, openDevice, openModel, pretrain, readImages } from 'hybridmed/node';
import * as ort from 'onnxruntime-node';
import { greedy, textOf } from './greedy.ts';

const temporary = mkdtempSync(join(tmpdir(), 'hybridmed-example-'));
const { device } = await openDevice('cpu');

async function trainAndExport(): Promise<[folder: string, imageFile: string]> {
  const [set, out] = [join(temporary, 'set'), join(temporary, 'exported')];
  await writePhantoms(set, { studies: 120, size: 48 });
  const config = completeConfig({ data: `phantom:${set}`, preset: 'tiny', steps: [60, 120], epochs: [4, 8] });
  const { checkpoint } = await pretrain({ config, out: join(temporary, 'run'), device });
  await exportCheckpoint({ checkpoint, parts: ['caption'], out });
  return [out, join(set, 'images', 'p000001.png')];
}

const [folder, imageFile] = process.argv.length > 3 ? [process.argv[2]!, process.argv[3]!] : await trainAndExport();
const { image, special, text, decoder } = JSON.parse(readFileSync(join(folder, 'export.json'), 'utf8'));
const { model } = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));

// The image as in training: padded to a square, resized, centre-cropped, in [-1, 1].
const pixels = new Float32Array(image.channels * image.size ** 2);
const offset = Math.floor((image.resize - image.size) / 2);
writeCrop(await readSquare(imageFile, image.resize), image.resize, image.size, { top: offset, left: offset }, image.channels, pixels, 0);

const open = (name: string) => ort.InferenceSession.create(join(folder, 'caption', `${name}.onnx`));
const sessions = { encoder: await open('encoder'), prefill: await open('prefill'), decode: await open('decode') };
const inputs = { image: new ort.Tensor('float32', pixels, [1, image.channels, image.size, image.size]) };
const [ids] = await greedy(ort, sessions, inputs, { special, maxTokens: Math.min(text.impressionLength, decoder.positions) });
const impression = textOf(ids!, model.vocab);

const exported = await openModel(folder, { device });
const [generated] = await exported.generate({ image: await readImages(exported, [imageFile]) });
await exported.close();
process.stdout.write(
  `from the image: ${impression}\n${impression === generated!.text ? 'the same as' : 'different from'} the impression of hybridmed generate\n`,
);
await device.close();
rmSync(temporary, { recursive: true, force: true });
