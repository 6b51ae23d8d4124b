import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { decodeGrey, encodePlainPng, readGrey, readSquare } from '@hybridmed/images';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../tools/support/temporary-folder.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

/** A smooth image of 3 channels with some structure: no value near 0 or 255, where means of clamped values differ. */
const smooth = (width: number, height: number) =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / 3), i % 3];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return 128 + 50 * Math.sin(x / (5 + channel)) + 40 * Math.cos(y / 7);
  });
const picture = (width: number, height: number) => sharp(smooth(width, height), { raw: { width, height, channels: 3 } });

describe('JPEG at a fraction of its size', () => {
  const save = async (name: string, bytes: Buffer | Promise<Buffer>): Promise<string> => {
    const file = join(folder, name);
    writeFileSync(file, await bytes);
    return file;
  };

  test.each([
    ['grey', picture(128, 128).toColourspace('b-w').jpeg({ quality: 92 })],
    ['colour', picture(128, 128).jpeg({ chromaSubsampling: '4:4:4' })],
    ['colour of half the resolution', picture(128, 128).jpeg({ chromaSubsampling: '4:2:0' })],
    ['optimized tables', picture(128, 128).toColourspace('b-w').jpeg({ optimizeCoding: true, quality: 60 })],
    ['progressive', picture(128, 128).jpeg({ progressive: true })],
    // By Pillow: colour of half the resolution, a restart marker after every three units.
    ['restart markers', readFileSync(join(import.meta.dirname, 'fixtures/restarts.jpg'))],
  ])('%s: each pixel is the mean of those it stands for', async (name, made) => {
    const file = await save(`${name}.jpg`, 'toBuffer' in made ? made.toBuffer() : made);
    const { pixels } = await readGrey(file);
    for (const size of [64, 32, 16]) {
      const [factor, square] = [128 / size, await readSquare(file, size)];
      let worst = 0;
      for (let i = 0; i < size * size; i++) {
        let sum = 0;
        const origin = Math.floor(i / size) * factor * 128 + (i % size) * factor;
        for (let dy = 0; dy < factor; dy++) for (let dx = 0; dx < factor; dx++) sum += pixels[origin + dy * 128 + dx]!;
        worst = Math.max(worst, Math.abs(square[i]! - sum / factor ** 2));
      }
      // What is not decoded that way is resized by a triangle, which looks further than the mean does.
      expect(worst, `${size}`).toBeLessThanOrEqual(name === 'progressive' ? 12 : 1.5);
    }
  });

  test('odd sides, and a file that ends early', async () => {
    const file = await save('odd.jpg', picture(203, 101).toColourspace('b-w').jpeg().toBuffer());
    const square = await readSquare(file, 50);
    expect([...square.subarray(0, 50 * 12)].every((value) => value === 0)).toBe(true);
    expect(square[25 * 50 + 25]).toBeGreaterThan(20);
    writeFileSync(join(folder, 'cut.jpg'), readFileSync(file).subarray(0, 1500));
    await expect(readSquare(join(folder, 'cut.jpg'), 50)).rejects.toThrow('cut.jpg: cannot be read as an image');
    await expect(readGrey(join(folder, 'cut.jpg'))).rejects.toThrow('cut.jpg');
  });
});

test.skipIf(process.platform === 'win32')('what is no file is refused at once: a folder, a pipe that nobody writes to', async () => {
  const pipe = join(folder, 'pipe.png');
  execFileSync('mkfifo', [pipe]);
  await expect(readGrey(pipe)).rejects.toThrow('pipe.png: is no regular file; name a file');
  await expect(readGrey(folder)).rejects.toThrow('is a folder; name a file');
});

describe('PNG', () => {
  test.each([0, 1, 2, 3, 4])('rows of filter %i', async (filter) => {
    const [width, height] = [7, 5];
    const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i * 37 + 11) % 256);
    const at = (x: number, y: number) => (x < 0 || y < 0 ? 0 : pixels[y * width + x]!);
    const guess = (x: number, y: number): number => {
      const [left, up, corner] = [at(x - 1, y), at(x, y - 1), at(x - 1, y - 1)];
      if (filter === 3) return (left + up) >> 1;
      if (filter < 3) return [0, left, up][filter]!;
      const [toLeft, toUp, toCorner] = [Math.abs(up - corner), Math.abs(left - corner), Math.abs(left + up - 2 * corner)];
      return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    };
    const lines = Buffer.concat(
      Array.from({ length: height }, (_, y) => Buffer.from([filter, ...Array.from({ length: width }, (_unused, x) => (at(x, y) - guess(x, y)) & 255)])),
    );
    const plain = await sharp(pixels, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toBuffer();
    const [begin, end] = [plain.indexOf('IDAT') - 4, plain.indexOf('IEND') - 4];
    const { crc32 } = await import('node:zlib');
    const data = Buffer.concat([Buffer.from('IDAT'), deflateSync(lines)]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length - 4);
    check.writeUInt32BE(crc32(data));
    const file = Buffer.concat([plain.subarray(0, begin), length, data, check, plain.subarray(end)]);
    expect((await sharp(file).extractChannel(0).raw().toBuffer()).equals(pixels)).toBe(true);
    expect(Buffer.from((await decodeGrey(file, 'x')).pixels).equals(pixels)).toBe(true);
    const damaged = Buffer.from(file);
    damaged[begin + 12]! ^= 1;
    await expect(decodeGrey(damaged, 'x')).rejects.toThrow('broken IDAT chunk');
  });

  test('60,000 x 60,000 pixels, and samples beyond the greatest file, are refused before they are decoded', async () => {
    const header = Buffer.from(await picture(8, 8).png().toBuffer());
    const sized = (width: number, height: number, depth: number, colour: number) => {
      const file = Buffer.from(header);
      file.writeUInt32BE(width, 16);
      file.writeUInt32BE(height, 20);
      [file[24], file[25]] = [depth, colour];
      return file;
    };
    await expect(decodeGrey(sized(60_000, 60_000, 8, 0), 'x')).rejects.toThrow('60000 x 60000');
    await expect(decodeGrey(sized(8192, 8192, 16, 6), 'x')).rejects.toThrow('8192 x 8192 pixels of 4 x 16 bits');
    await expect(decodeGrey(sized(1, 2 ** 26, 8, 0), 'x')).rejects.toThrow('is 1 x 67108864 pixels; sides of up to 65535 are read, none more than 1024 times');
    await expect(decodeGrey(sized(65_535, 63, 8, 2), 'x')).rejects.toThrow('none more than 1024 times the other');
    const jpeg = Buffer.from(await picture(8, 8).jpeg().toBuffer());
    const frame = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
    jpeg.writeUInt16BE(60_000, frame + 5);
    jpeg.writeUInt16BE(60_000, frame + 7);
    await expect(decodeGrey(jpeg, 'x')).rejects.toThrow('60000 x 60000');
  });
});

test('a progressive JPEG of 101 scans, and a larger one of fewer, are refused before they are decoded', async () => {
  const scans = async (side: number, count: number) => {
    const file = await picture(side, side).jpeg({ progressive: true }).toBuffer();
    const last = file.subarray(file.lastIndexOf(Buffer.from([0xff, 0xda])), -2);
    const extra = count - file.toString('latin1').split('\u00ff\u00da').length + 1;
    return Buffer.concat([file.subarray(0, -2), ...Array.from({ length: extra }, () => last), file.subarray(-2)]);
  };
  await expect(decodeGrey(await scans(16, 101), 'x')).rejects.toThrow('has 101 scans of 768 samples, more than is decoded');
  const large = Buffer.from(await scans(16, 50));
  const frame = large.indexOf(Buffer.from([0xff, 0xc2]));
  large.writeUInt16BE(3000, frame + 5);
  large.writeUInt16BE(3000, frame + 7);
  await expect(decodeGrey(large, 'x')).rejects.toThrow('has 50 scans of 27000000 samples, more than is decoded');
});

test.each([
  [1, 1],
  [7, 1],
  [1, 9],
  [64, 48],
])('what is written as PNG of %i x %i is what any reader of PNG sees', async (width, height) => {
  const pixels = Uint8Array.from({ length: width * height }, (_, i) => (i * i * 31 + 5 * i) % 256);
  const [given, rendered] = [join(folder, 'given.png'), join(folder, 'rendered.png')];
  await sharp(pixels, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toFile(given);
  writeFileSync(rendered, encodePlainPng(await readGrey(given)));
  expect(new Uint8Array(await sharp(rendered).toColourspace('b-w').raw().toBuffer())).toEqual(pixels);
  expect((await readGrey(rendered)).pixels).toEqual(pixels);
});
