import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { DataError, decodeGrey, readGrey } from '@hybridmed/images';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import type { DicomElement, DicomEncoding } from '../../../tools/support/dicom-file.ts';
import { dicomFile, dicomItem } from '../../../tools/support/dicom-file.ts';

interface Case {
  readonly name: string;
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly grey: string;
}
const cases = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/dicom-cases.json'), 'utf8')) as Case[];
const greatest = (a: Uint8Array, b: Uint8Array): number => a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

describe('as pydicom, within one grey level', () => {
  test.each(cases)('$name', async ({ name, file, width, height, grey }) => {
    const image = await decodeGrey(Buffer.from(file, 'base64'), name);
    expect([image.width, image.height]).toEqual([width, height]);
    expect(greatest(image.pixels, Buffer.from(grey, 'base64'))).toBeLessThanOrEqual(1);
  });
});

const compressed = cases.filter(({ name, file }) => /JPEG|RLE|HTJ2K/.test(name) && !name.startsWith('two') && Buffer.from(file, 'base64').length > 600);
test.each(compressed)('cut short it is refused, not filled up with zeros: $name', async ({ name, file }) => {
  const whole = Buffer.from(file, 'base64');
  const pixels = whole.indexOf(Buffer.from([0xe0, 0x7f, 0x10, 0x00]));
  const ends = [0.2, 0.5, 0.8].map((part) => Math.floor(pixels + 60 + part * (whole.length - 48 - pixels - 60)));
  for (const end of [...ends, whole.length - 48]) {
    const error: unknown = await decodeGrey(whole.subarray(0, end), name).catch((thrown: unknown) => thrown);
    expect(error, `${end} of ${whole.length} bytes`).toBeInstanceOf(DataError);
  }
});

const shared = join(import.meta.dirname, '../../../../shared/data/dicom');
describe.skipIf(!existsSync(shared))('radiographs (skipped where shared/data is absent)', () => {
  const transcoded = existsSync(shared) ? readdirSync(join(shared, 'transcoded')).filter((name) => name.startsWith('chest_') && !name.includes('mono2')) : [];

  test.each(transcoded)('%s has the pixels of the file it was made from', async (name) => {
    const original = await readGrey(join(shared, 'original/gdcm-CR-MONO1-10-chest.dcm'));
    const other = await readGrey(join(shared, 'transcoded', name));
    expect([other.width, other.height, Buffer.compare(other.pixels, original.pixels)]).toEqual([original.width, original.height, 0]);
  });

  test('MONOCHROME1 is inverted once: the same image stored the other way round looks the same', async () => {
    const [one, two] = [join(shared, 'original/gdcm-CR-MONO1-10-chest.dcm'), join(shared, 'transcoded/chest_mono2_explicitLE.dcm')];
    expect(greatest((await readGrey(one)).pixels, (await readGrey(two)).pixels)).toBeLessThanOrEqual(1);
  });

  test('every original decodes', async () => {
    for (const name of readdirSync(join(shared, 'original'))) {
      const { pixels, width, height } = await readGrey(join(shared, 'original', name));
      expect(pixels).toHaveLength(width * height);
      expect(Math.max(...pixels.subarray(0, 100_000))).toBeGreaterThan(100);
    }
  });
});

describe('shapes and colours', () => {
  const ramp = (count: number) => Uint8Array.from({ length: count }, (_, i) => i);

  test.each([
    ['a ratio of 2 to 1', [[0x00280034, 'IS', '2\\1']], 8, 12],
    ['a ratio of 1 to 2', [[0x00280034, 'IS', '1\\2']], 16, 6],
    ['unequal spacings', [[0x00280030, 'DS', '0.2\\0.4']], 16, 6],
    ['unequal spacings of the imager', [[0x00181164, 'DS', '0.4\\0.2']], 8, 12],
    ['equal spacings', [[0x00280030, 'DS', '0.168\\0.168']], 8, 6],
  ] as const)('%s makes square pixels', async (_, elements, width, height) => {
    const image = await decodeGrey(dicomFile(8, 6, 8, ramp(48), elements as unknown as DicomElement[]), 'x');
    expect([image.width, image.height]).toEqual([width, height]);
    expect(image.pixels).toHaveLength(width * height);
  });

  test('colours become their luminance, pixel by pixel or plane by plane', async () => {
    const rgb = Uint8Array.from([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 128, 128, 128]);
    const planes = Uint8Array.from([0, 1, 2].flatMap((channel) => [0, 1, 2, 3, 4, 5].map((pixel) => rgb[3 * pixel + channel]!)));
    const colour: DicomElement[] = [
      [0x00280002, 'US', [3]],
      [0x00280004, 'CS', 'RGB'],
    ];
    const expected = [0, 76, 150, 29, 255, 128];
    expect([...(await decodeGrey(dicomFile(3, 2, 8, rgb, colour), 'x')).pixels]).toEqual(expected);
    expect([...(await decodeGrey(dicomFile(3, 2, 8, planes, [...colour, [0x00280006, 'US', [1]]]), 'x')).pixels]).toEqual(expected);
    const ybr: DicomElement[] = [
      [0x00280002, 'US', [3]],
      [0x00280004, 'CS', 'YBR_FULL'],
    ];
    expect([...(await decodeGrey(dicomFile(3, 1, 8, Uint8Array.from([0, 9, 9, 100, 9, 9, 255, 9, 9]), ybr), 'x')).pixels]).toEqual([0, 100, 255]);
    const palette = (n: number, table: number[]): DicomElement[] => [
      [0x00281100 + n, 'US', [3, 0, 8]],
      [0x00281200 + n, 'OW', table],
    ];
    const paletted: DicomElement[] = [
      [0x00280004, 'CS', 'PALETTE COLOR'],
      ...palette(1, [0, 255, 255]),
      ...palette(2, [0, 0, 255]),
      ...palette(3, [0, 0, 255]),
    ];
    expect([...(await decodeGrey(dicomFile(3, 1, 8, Uint8Array.from([0, 1, 2]), paletted), 'x')).pixels]).toEqual([0, 76, 255]);
  });
});

describe('components of a JPEG are what the photometric interpretation says', () => {
  const [width, height] = [40, 24];
  const colours = Uint8Array.from(
    { length: 3 * width * height },
    (_, i) => [20 + 5 * (Math.floor(i / 3) % width), 90 + 6 * Math.floor(i / 3 / width), 200][i % 3]!,
  );
  const luminance = (components: Uint8Array) =>
    Array.from({ length: width * height }, (_, i) => 0.299 * components[3 * i]! + 0.587 * components[3 * i + 1]! + 0.114 * components[3 * i + 2]!);
  /** As DICOM shows it: from the least level to the greatest. */
  const spread = (levels: readonly number[]) =>
    Uint8Array.from(levels, (level) => Math.round(((level - Math.min(...levels)) * 255) / (Math.max(...levels) - Math.min(...levels))));
  const item = (bytes: Uint8Array) => {
    const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    head.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([head, bytes]);
  };
  const wrapped = (stream: Buffer, photometric: string) => {
    const even = stream.length % 2 === 0 ? stream : Buffer.concat([stream, Buffer.alloc(1)]);
    const file = dicomFile(width, height, 8, Buffer.concat([item(Buffer.alloc(0)), item(even)]), [
      [0x00020010, 'UI', '1.2.840.10008.1.2.4.50'],
      [0x00280002, 'US', [3]],
      [0x00280004, 'CS', photometric],
    ]);
    // Encapsulated pixels have no length.
    file.fill(0xff, file.length - 24 - even.length + 4, file.length - 24 - even.length + 8);
    return file;
  };
  /** Three components, without a word of Adobe's on what they are; with JFIF's marker or not. */
  const components = async (progressive: boolean, jfif: boolean) => {
    const ycc = await sharp(colours, { raw: { width, height, channels: 3 } }).jpeg({ quality: 100, chromaSubsampling: '4:4:4', progressive }).toBuffer(); // prettier-ignore
    const marker = Buffer.from([0xff, 0xe0, 0, 16, ...Buffer.from('JFIF'), 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
    return Buffer.concat([ycc.subarray(0, 2), jfif ? marker : Buffer.alloc(0), ycc.subarray(2)]);
  };

  test.each([
    [false, true],
    [false, false],
    [true, true],
    [true, false],
  ])('progressive %s, JFIF %s', async (progressive, jfif) => {
    const stream = await components(progressive, jfif);
    // The same bytes, read as red, green and blue: luminance and colour differences of what was encoded.
    const stored = Uint8Array.from(colours, (_, i) => {
      const [r, g, b] = colours.subarray(i - (i % 3), i - (i % 3) + 3) as unknown as [number, number, number];
      return [0.299 * r + 0.587 * g + 0.114 * b, 128 - 0.168736 * r - 0.331264 * g + 0.5 * b, 128 + 0.5 * r - 0.418688 * g - 0.081312 * b][i % 3]! + 0.5;
    });
    for (const [names, shown] of [
      [['YBR_FULL', 'ybr_full_422 '], colours],
      [['RGB', ' rgb'], stored],
    ] as const) {
      const levels = luminance(shown);
      // Two levels of the encoder, as far as the range is stretched.
      const allowed = (2 * 255) / (Math.max(...levels) - Math.min(...levels)) + 1;
      for (const name of names) expect(greatest((await decodeGrey(wrapped(stream, name), 'x')).pixels, spread(levels)), name).toBeLessThanOrEqual(allowed);
    }
  });
});

describe('what a header says wrong or oddly is read as the file shows, and said', () => {
  const values = Uint16Array.from({ length: 48 }, (_, i) => (i * 83) % 4096);
  const deep = (more: readonly DicomElement[], encoding?: DicomEncoding) =>
    dicomFile(8, 6, 16, new Uint8Array(values.buffer.slice(0)), [[0x00280101, 'US', [12]], [0x00280102, 'US', [11]], ...more], encoding); // prettier-ignore
  const syntaxes = { explicit: '1.2.840.10008.1.2.1', implicit: '1.2.840.10008.1.2', 'big-endian': '1.2.840.10008.1.2.2', deflated: '1.2.840.10008.1.2.1.99' };
  const pairs = Object.keys(syntaxes).flatMap((says) =>
    (['explicit', 'implicit', 'big-endian'] as const).map((is) => [says as keyof typeof syntaxes, is] as const),
  );

  test.each(pairs.filter(([says, is]) => says !== 'deflated' || is === 'explicit'))('says %s, is %s', async (says, is) => {
    const straight = await decodeGrey(deep([]), 'x');
    const { pixels, assumed } = await decodeGrey(deep([[0x00020010, 'UI', syntaxes[says]]], is), 'x');
    expect(pixels).toEqual(straight.pixels);
    expect(straight.assumed).toBeUndefined();
    if (says !== is && says !== 'deflated') expect(assumed?.join()).toMatch(new RegExp(`${syntaxes[says]} says .*${is}.* read as that`));
    else expect(assumed).toBeUndefined();
  });

  test.each(['1.2.840.113619.5.2', '1.2.3'])('the syntax %s, which is not decoded, is named whatever the elements are', async (syntax) => {
    for (const is of ['explicit', 'implicit', 'big-endian'] as const)
      await expect(decodeGrey(deep([[0x00020010, 'UI', syntax]], is), 'x')).rejects.toThrow(`x: has the transfer syntax ${syntax}, which is not decoded`);
  });

  const table = (first: number, vr: string, encoding: DicomEncoding): DicomElement => [
    0x00283010,
    'SQ',
    dicomItem([[0x00283002, vr, [256, first, 16]], [0x00283006, 'OW', Array.from({ length: 256 }, (_, i) => i * i)]], encoding), // prettier-ignore
  ];
  test.each([
    ['implicit', 'US', -1024, false],
    ['explicit', 'SS', -1024, false],
    ['explicit', 'US', -1024, false],
    ['implicit', 'US', 40_000, true],
    ['implicit', 'US', 33_000, false],
  ] as const)('a VOI table in %s, %s, after a rescale by %i', async (encoding, vr, intercept, signed) => {
    // The first mapped value is signed as what comes before the table is: PS3.3 C.11.2.1.1.
    const first = intercept + 100;
    const more: DicomElement[] = [
      [0x00280103, 'US', [signed ? 1 : 0]],
      [0x00281052, 'DS', String(intercept)],
      [0x00281053, 'DS', '1'],
      table(first, vr, encoding),
    ];
    const { pixels } = await decodeGrey(deep([...more, [0x00020010, 'UI', syntaxes[encoding]]], encoding), 'x');
    const looked = Array.from(values, (value) => {
      const number = signed && value >= 2048 ? value - 4096 : value;
      return Math.min(Math.max(number + intercept - first, 0), 255) ** 2;
    });
    const [least, most] = [Math.min(...looked), Math.max(...looked)];
    expect([...pixels]).toEqual(looked.map((value) => Math.round(((value - least) * 255) / (most - least))));
  });

  const windowed = (centre: string, width: string) => decodeGrey(deep([[0x00281050, 'DS', centre], [0x00281051, 'DS', width]]), 'x'); // prettier-ignore
  test('a decimal comma is read and said; what may be thousands, or is no number, is named', async () => {
    const comma = await windowed('1800,0', '1200,5');
    expect(comma.pixels).toEqual((await windowed('1800.0', '1200.5')).pixels);
    expect(comma.assumed).toEqual(['"1800,0" in (0028,1050) has a decimal comma: read as 1800', '"1200,5" in (0028,1051) has a decimal comma: read as 1200.5']);
    await expect(windowed('1,800', '1200')).rejects.toThrow('x: has the value "1,800" in (0028,1050), which is no number');
    await expect(windowed('1800', '\u001b[31m')).rejects.toThrow(String.raw`has the value "\u001b[31m" in (0028,1051)`);
    expect((await windowed('1800', '0')).assumed).toEqual(['a window of centre 1800 and width 0 is left aside']);
    const odd = await decodeGrey(deep([[0x00280030, 'DS', 'a\\b'], [0x00281053, 'DS', '2']]), 'x'); // prettier-ignore
    expect(odd.assumed).toEqual([
      'it has the value "a" in (0028,0030), which is no number: left aside',
      'a rescale slope or intercept without the other is left aside',
    ]);
  });

  test('the photometric interpretation in any case and with blanks; one that is not decoded is named', async () => {
    const shown = async (name: string) => (await decodeGrey(deep([[0x00280004, 'CS', name]]), 'x')).pixels;
    const [upright, inverted] = [await shown('MONOCHROME2'), await shown('MONOCHROME1')];
    expect([...inverted]).toEqual(Array.from(upright, (level) => 255 - level));
    for (const name of ['monochrome1', ' Monochrome1 ', 'MONOCHROME 1']) expect(await shown(name)).toEqual(inverted);
    await expect(shown('HSV')).rejects.toThrow('x: has the photometric interpretation "HSV", which is not decoded');
    expect((await decodeGrey(deep([[0x00280004, 'CS', '']]), 'x')).assumed).toEqual(['no photometric interpretation is given: read as MONOCHROME2']);
    const palette = (name: string) => decodeGrey(dicomFile(2, 1, 8, Uint8Array.of(0, 1), [[0x00280004, 'CS', name], ...[1, 2, 3].flatMap((n): DicomElement[] => [[0x00281100 + n, 'US', [2, 0, 8]], [0x00281200 + n, 'OW', [255, 0]]])]), 'x'); // prettier-ignore
    expect([...(await palette('palette color')).pixels]).toEqual([255, 0]);
  });
});

test.each([
  ['JPEG baseline in two fragments, MONOCHROME1', '1.2.840.10008.1.2.4.70'],
  ['JPEG lossless, 12 bits, signed', '1.2.840.10008.1.2.4.80'],
  ['JPEG-LS, 12 bits, unsigned', '1.2.840.10008.1.2.4.90'],
  ['JPEG 2000 lossless, 12 bits, unsigned', '1.2.840.10008.1.2.4.51'],
  ['JPEG 2000 lossless, 12 bits, unsigned', '1.2.840.10008.1.2.1'],
])('%s under %s is read as the stream shows, and said', async (name, syntax) => {
  const file = Buffer.from(cases.find((entry) => entry.name === name)!.file, 'base64');
  const right = await decodeGrey(file, 'x');
  const at = file.indexOf('1.2.840.10008.1.2.4.');
  const length = file.readUInt16LE(at - 2);
  file.fill(0, at, at + length).write(syntax, at, length, 'latin1');
  const { pixels, assumed } = await decodeGrey(file, 'x');
  expect(pixels).toEqual(right.pixels);
  expect(assumed).toEqual([expect.stringMatching(`the transfer syntax ${syntax} does not name the coding of the pixels: read as `)]);
});

describe('what cannot be read is a DataError of one line that names the file', () => {
  const good = (more: readonly DicomElement[] = []) => dicomFile(8, 6, 8, new Uint8Array(48), more);
  const bomb = () => {
    const head = good([[0x00020010, 'UI', '1.2.840.10008.1.2.1.99']]).subarray(0, 166);
    return Buffer.concat([head, deflateRawSync(Buffer.alloc(2 ** 28))]);
  };
  test.each([
    ['text', () => Buffer.from('no image at all'), 'neither JPEG, PNG nor DICOM'],
    ['nothing', () => Buffer.alloc(0), 'neither JPEG, PNG nor DICOM'],
    ['a preamble and no more', () => good().subarray(0, 132), 'x'],
    ['pixels that end early', () => good().subarray(0, -10), 'truncated'],
    ['no pixels', () => good([[0x00280010, 'US', [0]]]), 'no pixels'],
    ['60,000 x 60,000 pixels', () => good([[0x00280010, 'US', [60_000]], [0x00280011, 'US', [60_000]]]), '60000 x 60000'], // prettier-ignore
    ['a transfer syntax of video', () => good([[0x00020010, 'UI', '1.2.840.10008.1.2.4.100']]), 'transfer syntax 1.2.840.10008.1.2.4.100'],
    ['32 bits', () => good([[0x00280100, 'US', [32]]]), '32 bits'],
    ['more bits stored than allocated', () => good([[0x00280101, 'US', [12]]]), '12 bits in 8'],
    ['JPEG without fragments', () => good([[0x00020010, 'UI', '1.2.840.10008.1.2.4.50']]), 'fragments'],
    ['an inflate bomb', bomb, 'x'],
    ['a row of 65,535 pixels', () => good([[0x00280010, 'US', [1]], [0x00280011, 'US', [65_535]]]), '65535 x 1'], // prettier-ignore
  ] as const)('%s', async (_, bytes, word) => {
    const error: unknown = await decodeGrey(bytes(), 'x').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DataError);
    expect((error as Error).message).toContain(word);
    expect((error as Error).message).toMatch(/^x: [^\n]+; [^\n]+$/);
  });
});

describe('other images', () => {
  test('16-bit PNG: the least value to 0, the greatest to 255; colours to grey; other formats refused', async () => {
    const values = Uint16Array.from([100, 1100, 2100, 4100]);
    const deep = await sharp(values, { raw: { width: 4, height: 1, channels: 1 } })
      .toColourspace('grey16')
      .png()
      .toBuffer();
    expect([...(await decodeGrey(deep, 'x')).pixels]).toEqual([0, 64, 128, 255]);
    const grey = await sharp({ create: { width: 3, height: 2, channels: 3, background: '#808080' } })
      .jpeg()
      .toBuffer();
    expect([...(await decodeGrey(grey, 'x')).pixels]).toEqual([128, 128, 128, 128, 128, 128]);
    await expect(decodeGrey(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'x.svg')).rejects.toThrow('neither');
  });
});
