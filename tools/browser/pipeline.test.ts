// Pipelines in headless Chromium give what they give in Node.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { plainDevice } from '@hybridmed/gpujs';
import { phantomStudy } from '@hybridmed/phantoms';
import { encodePicture } from '@hybridmed/runtime/files';
import { pipeline } from 'hybridmed/node';
import { afterAll, expect, test } from 'vitest';
import { textsOf, variedCheckpoint } from '../support/checkpoint.ts';
import { temporaryFolder } from '../support/phantoms.ts';
import { runInBrowser } from './run-in-browser.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

interface Found {
  readonly ids: readonly number[];
  readonly text: string;
  readonly streamed: readonly string[];
  readonly others: readonly (readonly number[])[];
  readonly scores: readonly { readonly label: string; readonly score: number }[];
  readonly problem: string;
  readonly unreadable: string;
}

test('an impression and scores of a blob, a bitmap and pixels, as in Node', async () => {
  const [checkpoint, image] = [join(folder, 'checkpoint'), join(folder, 'image.png')];
  const studies = Array.from({ length: 20 }, (_, i) => phantomStudy(i, 2, 90));
  await variedCheckpoint(checkpoint, textsOf(studies as never));
  const { size, pixels } = studies[1]!.image;
  writeFileSync(image, await encodePicture({ width: size, height: 70, channels: 1, pixels: pixels.subarray(0, size * 70) }, 'png'));
  const device = plainDevice();
  const write = await pipeline('impression', checkpoint, { device });
  const expected = await write(image);
  const classify = await pipeline('zero-shot-image-classification', checkpoint, { device });
  const scores = await classify(image, 'phantom');
  const names = ['config.json', 'tokenizer.json', 'model.safetensors'];
  const files = Object.fromEntries(names.map((name) => [`/checkpoint/${name}`, join(checkpoint, name)]));
  const page = fileURLToPath(new URL('pages/pipeline.ts', import.meta.url));
  const found = await runInBrowser<Found>(page, { files: { ...files, '/image.png': image }, timeout: 120_000 });
  expect(found.text).toBe(expected.text);
  expect(found.streamed.at(-1)).toBe(expected.text);
  expect([found.ids, ...found.others]).toEqual([expected.ids, expected.ids, expected.ids]);
  expect(found.scores.map(({ label, score }) => [label, score])).toEqual(scores.map(({ label, score }) => [label, expect.closeTo(score, 3)]));
  expect(found.problem).toContain('there is no task "impressions"; is it "impression"?');
  expect(found.unreadable).toContain('the image cannot be read');
  for (const each of [write, classify]) await each.close();
}, 180_000);
