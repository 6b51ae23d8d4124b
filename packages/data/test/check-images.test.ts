// What `data check` says of images: of one grey level, and read on an assumption.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataSet } from '@hybridmed/data';
import sharp from 'sharp';
import { afterAll, expect, test } from 'vitest';
import { dicomFile } from '../../../tools/support/dicom-file.ts';
import { temporaryFolder } from './support.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

test('data check names images of one grey level, and what was assumed', async () => {
  const set = join(folder, 'checked');
  mkdirSync(set);
  const level = (value: number, width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: { r: value, g: value, b: value } } });
  await level(9, 600, 400).jpeg().toFile(join(set, 'flat.jpg'));
  // One pixel, which means of 8 x 8 hide.
  await level(9, 600, 400).composite([{ input: await level(11, 1, 1).png().toBuffer(), left: 300, top: 300 }]).png().toFile(join(set, 'nearly.png')); // prettier-ignore
  writeFileSync(join(set, 'odd.dcm'), dicomFile(8, 6, 8, Uint8Array.from({ length: 48 }, (_, i) => i), [[0x00020010, 'UI', '1.2.840.10008.1.2']])); // prettier-ignore
  writeFileSync(join(set, 'empty.dcm'), dicomFile(8, 6, 16, new Uint8Array(96)));
  writeFileSync(join(set, 'table.csv'), `image,findings,impression,split\n${readdirSync(set).map((name, i) => `${name},the lungs are clear ${i},no acute disease ${i},train\n`).join('')}`); // prettier-ignore
  const { warnings } = await checkDataSet(`csv:${join(set, 'table.csv')}`);
  expect(warnings).toContain(`2 images are of one grey level: ${join(set, 'empty.dcm')}, ${join(set, 'flat.jpg')}`);
  expect(warnings.filter((line) => line.startsWith(join(set, 'odd.dcm')))).toHaveLength(1);
});
