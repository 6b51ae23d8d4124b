// The default files that loaders are timed on: generated radiographs as JPEG and as DICOM, with reports.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { encodePicture } from '@hybridmed/runtime/files';
import { phantomStudy } from '@hybridmed/phantoms';

const distinct = 24;

/** An element of explicit little-endian DICOM; numbers are 16 bit. */
function element(tag: number, vr: string, value: string | number | Uint8Array): Buffer {
  const bytes =
    typeof value === 'string'
      ? Buffer.from(value.padEnd(value.length + (value.length % 2), ' '))
      : typeof value === 'number'
        ? Buffer.from(Uint16Array.of(value).buffer)
        : value;
  const head = Buffer.alloc(vr === 'OW' ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4);
  if (vr === 'OW') head.writeUInt32LE(bytes.length, 8);
  else head.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([head, bytes]);
}

/** A radiograph of 12 bits in 16, with a window and a modality slope, as digital detectors write them. */
function radiograph(size: number, grey: Uint8Array, inverted: boolean): Buffer {
  const pixels = Uint16Array.from(grey, (value, i) => 16 * (inverted ? 255 - value : value) + (i % 16));
  const meta = [element(0x00020010, 'UI', '1.2.840.10008.1.2.1\0')];
  const elements = [
    element(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.1.1\0'),
    element(0x00080018, 'UI', '1.2.3.4\0'),
    element(0x00280002, 'US', 1),
    element(0x00280004, 'CS', inverted ? 'MONOCHROME1' : 'MONOCHROME2'),
    element(0x00280010, 'US', size),
    element(0x00280011, 'US', size),
    element(0x00280100, 'US', 16),
    element(0x00280101, 'US', 12),
    element(0x00280102, 'US', 11),
    element(0x00280103, 'US', 0),
    element(0x00281050, 'DS', '2048'),
    element(0x00281051, 'DS', '3600'),
    element(0x00281052, 'DS', '0'),
    element(0x00281053, 'DS', '1'),
    element(0x7fe00010, 'OW', new Uint8Array(pixels.buffer)),
  ];
  const length = Buffer.alloc(4);
  length.writeUInt32LE(meta[0]!.length);
  const group = Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from('UL'), Buffer.from([4, 0]), length]);
  return Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), group, ...meta, ...elements]);
}

/** Makes `count` studies of `size` x `size` pixels in a folder: jpeg.csv and dicom.csv with their images. Images repeat, their grey levels do not. */
export async function makeFiles(folder: string, count: number, size: number): Promise<void> {
  for (const kind of ['jpeg', 'dicom']) await mkdir(join(folder, kind), { recursive: true });
  const phantoms = Array.from({ length: distinct }, (_, i) => phantomStudy(0, i, size));
  const rows: string[] = [];
  for (let i = 0; i < count; i++) {
    const { image, findings, impression } = phantoms[i % distinct]!;
    const pixels = image.pixels.map((value) => (value * (200 + (i % 56))) >> 8);
    await writeFile(join(folder, 'jpeg', `${i}.jpg`), await encodePicture({ width: size, height: size, channels: 1, pixels }, 'jpeg'));
    await writeFile(join(folder, 'dicom', `${i}.dcm`), radiograph(size, pixels, i % 2 === 1));
    rows.push(`${i},"${findings}","${impression}",train`);
  }
  for (const [kind, ending] of [
    ['jpeg', 'jpg'],
    ['dicom', 'dcm'],
  ])
    await writeFile(
      join(folder, `${kind}.csv`),
      ['id,findings,impression,split,image', ...rows.map((row, i) => `${row},${kind}/${i}.${ending}`)].map((line) => `${line}\n`).join(''),
    );
}
