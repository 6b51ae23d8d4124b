// Grey levels do not depend on how a file is read: by its kind, its size, the size that is asked for, its colour profile or its damage.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { decodeGrey, readGrey, readSquare } from '@hybridmed/images';
import type { GreyImage } from '@hybridmed/images';
import sharp from 'sharp';
import { afterAll, describe, expect, test } from 'vitest';
import { dicomFile } from '../../../tools/support/dicom-file.ts';
import { temporaryFolder } from '../../../tools/support/temporary-folder.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

/** A radiograph's extremes: black, burnt-out letters with sharp edges, noise, and a marker of a saturated colour where it has colours. */
function extreme(width: number, height: number, channels: 1 | 3): Uint8Array {
  return Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    if (x < width / 4) return (pixel * 7919) % 5;
    if (x < width / 2 && y < height / 3) return (x * y) % 13 < 6 ? 255 : 0;
    if (channels === 3 && y > height * 0.8) return channel === 0 ? 250 : 10;
    return 128 + 60 * Math.sin(x / 17) * Math.cos(y / 11) + ((pixel * 31) % 23);
  });
}
const picture = (width: number, height: number, channels: 1 | 3) => {
  const image = sharp(extreme(width, height, channels), { raw: { width, height, channels } });
  return channels === 1 ? image.toColourspace('b-w') : image;
};
const worst = (a: Uint8Array, b: Uint8Array): number => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), a.length === b.length ? 0 : 256);
const mean = (values: Uint8Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** What libjpeg makes of it, colours as their luminance. */
async function byLibjpeg(file: Uint8Array): Promise<Uint8Array> {
  const { data, info } = await sharp(file, { ignoreIcc: true }).toColourspace('srgb').removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const n = info.channels;
  return Uint8Array.from({ length: info.width * info.height }, (_, i) => 0.299 * data[n * i]! + 0.587 * data[n * i + 1]! + 0.114 * data[n * i + 2]! + 0.5);
}

const kinds = {
  'grey JPEG': picture(403, 331, 1).jpeg({ quality: 85 }),
  'colour JPEG': picture(403, 331, 3).jpeg({ quality: 85, chromaSubsampling: '4:4:4' }),
  'colour JPEG of half the resolution': picture(403, 331, 3).jpeg({ quality: 85, chromaSubsampling: '4:2:0' }),
  'grey JPEG stored as colours': sharp(await picture(403, 331, 1).png().toBuffer())
    .toColourspace('srgb')
    .jpeg({ quality: 85, chromaSubsampling: '4:2:0' }),
  'progressive JPEG': picture(403, 331, 1).jpeg({ quality: 85, progressive: true }),
  'progressive colour JPEG': picture(403, 331, 3).jpeg({ quality: 85, progressive: true, chromaSubsampling: '4:2:0' }),
};

describe.each(Object.entries(kinds))('%s', (name, made) => {
  test('at full size as libjpeg, and as every other kind of file that holds the same pixels', async () => {
    const file = await made.toBuffer();
    const { width, height, pixels } = await decodeGrey(file, 'x');
    expect([width, height]).toEqual([403, 331]);
    // Where a saturated colour ends, libjpeg rounds colour differences before it cuts colours off.
    expect(worst(pixels, await byLibjpeg(file))).toBeLessThanOrEqual(name.startsWith('colour') ? 2 : 1);
  });

  test('reduced: means of what pixels stand for, and squares of the same mean, as a PNG of its pixels has them', async () => {
    const [file, png] = [join(folder, 'a.jpg'), join(folder, 'a.png')];
    await made.toFile(file);
    const whole = await readGrey(file);
    await sharp(whole.pixels, { raw: { width: 403, height: 331, channels: 1 } })
      .toColourspace('b-w')
      .png()
      .toFile(png);
    for (const size of [1, 50, 51, 100, 101, 201, 202, 403, 500]) {
      const [square, other] = [await readSquare(file, size), await readSquare(png, size)];
      expect(worst(square, other), `${size}`).toBeLessThanOrEqual(1.5);
      expect(Math.abs(mean(square) - mean(other)), `${size}`).toBeLessThanOrEqual(0.5);
    }
  });
});

test('squares across the sizes at which a route changes have means within half a level', async () => {
  const file = join(folder, 'square.jpg');
  await picture(400, 400, 1).jpeg({ quality: 90 }).toFile(file);
  const level = mean((await readGrey(file)).pixels);
  for (const size of [49, 50, 51, 99, 100, 101, 199, 200, 201, 399, 400])
    expect(Math.abs(mean(await readSquare(file, size)) - level), `${size}`).toBeLessThanOrEqual(0.5);
});

/** A JPEG without its profile, a PNG without the chunk. */
function bare(file: Buffer): Buffer {
  const png = file[0] === 0x89;
  for (let at = png ? 8 : 2; at < file.length;) {
    const [length, isProfile] = png
      ? [12 + file.readUInt32BE(at), file.toString('latin1', at + 4, at + 8) === 'iCCP']
      : [2 + file.readUInt16BE(at + 2), file.readUInt16BE(at) === 0xffe2];
    if (isProfile) return Buffer.concat([file.subarray(0, at), file.subarray(at + length)]);
    at += length;
  }
  throw new Error('no profile');
}

test.each([
  ['JPEG', 300, 200, () => picture(300, 200, 3).withIccProfile('p3').jpeg()],
  ['JPEG of over four million pixels', 2100, 2000, () => picture(2100, 2000, 3).withIccProfile('p3').jpeg({ progressive: true })],
  ['PNG', 300, 200, () => picture(300, 200, 3).withIccProfile('p3').png()],
  ['interlaced PNG', 300, 200, () => picture(300, 200, 3).withIccProfile('p3').png({ progressive: true })],
] as const)('a colour profile changes nothing: %s', async (_, width, height, made) => {
  const file = await made().toBuffer();
  const image = await decodeGrey(file, 'x');
  expect([image.width, image.height]).toEqual([width, height]);
  expect(Buffer.compare(image.pixels, (await decodeGrey(bare(file), 'x')).pixels)).toBe(0);
});

test('the same pixels in every kind of file have the same levels', async () => {
  const [width, height] = [97, 61];
  const pixels = extreme(width, height, 1).map((value, i) => (i < 2 ? 255 * i : value));
  const grey = () => sharp(pixels, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
  const coloured = sharp(await grey().png().toBuffer()).toColourspace('srgb');
  const files: Record<string, Promise<Buffer> | Buffer> = {
    plain: grey().png().toBuffer(),
    interlaced: grey().png({ progressive: true }).toBuffer(),
    colours: coloured.clone().png().toBuffer(),
    'colours with alpha': coloured.clone().ensureAlpha(1).png().toBuffer(),
    palette: coloured.clone().png({ palette: true, colours: 256, dither: 0, quality: 100 }).toBuffer(),
    '16 bits': sharp(Uint16Array.from(pixels, (value) => value * 257), { raw: { width, height, channels: 1 } }).toColourspace('grey16').png().toBuffer(), // prettier-ignore
    '16 bits, colours': sharp(Uint16Array.from(pixels, (value) => value * 257), { raw: { width, height, channels: 1 } }).toColourspace('rgb16').png().toBuffer(), // prettier-ignore
    dicom: dicomFile(width, height, 8, pixels),
  };
  for (const [name, file] of Object.entries(files)) expect(worst((await decodeGrey(await file, 'x')).pixels, pixels), name).toBeLessThanOrEqual(1);
});

describe("Exif's orientation is honoured on every route", () => {
  /** Exif that names an orientation, in either order of bytes. */
  const exif = (orientation: number, little: boolean): Buffer => {
    const tiff = Buffer.alloc(26);
    tiff.write(little ? 'II' : 'MM', 'latin1');
    const [write16, write32] = little ? (['writeUInt16LE', 'writeUInt32LE'] as const) : (['writeUInt16BE', 'writeUInt32BE'] as const);
    tiff[write16](42, 2);
    tiff[write32](8, 4);
    for (const [at, value] of [[8, 1], [10, 0x0112], [12, 3], [18, orientation]] as const) tiff[write16](value, at); // prettier-ignore
    tiff[write32](1, 14);
    return tiff;
  };
  const inJpeg = (file: Buffer, tiff: Buffer) =>
    Buffer.concat([file.subarray(0, 2), Buffer.from([0xff, 0xe1, 0, 8 + tiff.length]), Buffer.from('Exif\0\0'), tiff, file.subarray(2)]);
  const inPng = (file: Buffer, tiff: Buffer) => {
    const data = Buffer.concat([Buffer.from('eXIf'), tiff]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(tiff.length);
    check.writeUInt32BE(crc32(data));
    return Buffer.concat([file.subarray(0, 33), length, data, check, file.subarray(33)]);
  };
  const kindsOfFile = {
    JPEG: () => picture(83, 50, 1).jpeg({ quality: 95 }),
    'progressive JPEG': () => picture(83, 50, 1).jpeg({ progressive: true }),
    PNG: () => picture(83, 50, 1).png(),
    'interlaced PNG': () => picture(83, 50, 1).png({ progressive: true }),
    '16-bit PNG': () => picture(83, 50, 1).toColourspace('grey16').png(),
  };

  test.each(Object.keys(kindsOfFile) as (keyof typeof kindsOfFile)[])('%s', async (kind) => {
    const upright = await kindsOfFile[kind]().toBuffer();
    const { pixels } = await decodeGrey(upright, 'x');
    for (let orientation = 1; orientation <= 8; orientation++) {
      const tiff = exif(orientation, orientation % 2 === 0);
      const file = join(folder, 'turned');
      writeFileSync(file, upright.subarray(0, 2).equals(Buffer.from([0xff, 0xd8])) ? inJpeg(upright, tiff) : inPng(upright, tiff));
      const { data, info } = await turnedBySharp(pixels, orientation);
      const whole = await readGrey(file);
      expect([whole.width, whole.height], `${orientation}`).toEqual([info.width, info.height]);
      expect(worst(whole.pixels, data), `${orientation}`).toBe(0);
      const png = join(folder, 'upright.png');
      await sharp(data, { raw: { width: info.width, height: info.height, channels: 1 } })
        .toColourspace('b-w')
        .png()
        .toFile(png);
      // At the edge where the last means are of fewer pixels the grid lies otherwise.
      for (const size of [83, 40])
        expect(Math.abs(mean(await readSquare(file, size)) - mean(await readSquare(png, size))), `${orientation}`).toBeLessThanOrEqual(0.5);
      expect(worst(await readSquare(file, 83), await readSquare(png, 83)), `${orientation}`).toBeLessThanOrEqual(1);
    }
  });

  /** The pixels as libvips turns them. */
  async function turnedBySharp(pixels: Uint8Array, orientation: number) {
    const tagged = await sharp(pixels, { raw: { width: 83, height: 50, channels: 1 } }).toColourspace('b-w').withMetadata({ orientation }).png().toBuffer(); // prettier-ignore
    return sharp(tagged).autoOrient().toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  }

  test('Exif that is broken is none', async () => {
    const file = await kindsOfFile.JPEG().toBuffer();
    const { pixels } = await decodeGrey(file, 'x');
    for (const tiff of [exif(0, true), exif(9, false), exif(6, true).subarray(0, 12), Buffer.alloc(3), Buffer.alloc(26, 0xff)]) expect((await decodeGrey(inJpeg(file, tiff), 'x')).pixels).toEqual(pixels); // prettier-ignore
  });
});

describe('one answer on damage, at every size and by the check of readability', () => {
  const sizes = [undefined, 1, 9, 18, 36, 90];
  const answer = (file: string, size: number | undefined): Promise<boolean> =>
    (size === undefined ? (readGrey(file) as Promise<GreyImage | Uint8Array>) : readSquare(file, size)).then(
      () => true,
      () => false,
    );

  test.each(Object.keys(kinds) as (keyof typeof kinds)[])('flipped bits: %s', async (name) => {
    const whole = await kinds[name].clone().resize(80, 66).toBuffer();
    const file = join(folder, 'flipped.jpg');
    const counts = { read: 0, refused: 0 };
    for (let i = 0; i < 60; i++) {
      const damaged = Buffer.from(whole);
      // Half of them in the headers.
      const at = Math.floor(((i * 0.618_034) % 1) * (i % 2 === 0 ? whole.length : 620));
      damaged[at]! ^= 1 << (i % 8);
      writeFileSync(file, damaged);
      const answers = await Promise.all(sizes.map((size) => answer(file, size)));
      // One pixel is what is asked for of an image that training is to read.
      expect(new Set([...answers, await answer(file, 1)]).size, `bit ${i % 8} of byte ${at}: ${answers}`).toBe(1);
      counts[answers[0] ? 'read' : 'refused']++;
    }
    expect(Math.min(counts.read, counts.refused)).toBeGreaterThan(0);
  });

  test.each(Object.keys(kinds) as (keyof typeof kinds)[])('no end marker: %s', async (name) => {
    const whole = await kinds[name].clone().resize(120, 99).toBuffer();
    const file = join(folder, 'endless.jpg');
    writeFileSync(file, whole.subarray(0, -2));
    expect(await Promise.all(sizes.map((size) => answer(file, size)))).toEqual(sizes.map(() => true));
    expect((await readGrey(file)).pixels).toEqual((await decodeGrey(whole, 'x')).pixels);
    writeFileSync(file, whole.subarray(0, whole.length / 2));
    expect(await Promise.all(sizes.map((size) => answer(file, size)))).toEqual(sizes.map(() => false));
  });
});
