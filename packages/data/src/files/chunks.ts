// A text file in pieces of UTF-8, unpacked where it is gzipped (by its first bytes, not its name), within bounds.
import { createReadStream, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { DataError, describeFileError } from '@hybridmed/images/errors';
import { checkFile, readingFlags } from '@hybridmed/images/bytes';
import { utf8Converter } from './encoding.ts';

// Tables of text shrink five to twenty times; far more is a file made to fill memory or time.
const maxInflation = 200;
const alwaysInflated = 64 << 20;

async function isGzip(file: string): Promise<boolean> {
  // A pipe or a device may have no end, nor a beginning.
  const handle = await open(file, readingFlags);
  try {
    checkFile(file, await handle.stat(), Infinity);
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(2), 0, 2, 0);
    return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
  } finally {
    await handle.close();
  }
}

/** The file of that name, or with `.gz` after it; undefined where neither exists. */
export const plainOrGzip = (file: string): string | undefined => [file, `${file}.gz`].find((name) => existsSync(name));

/** Yields a file's bytes, unpacked. Throws a DataError that names the file when it cannot be read, is broken, or inflates beyond reason. */
export async function* byteChunks(file: string): AsyncGenerator<Buffer> {
  try {
    const packed = await isGzip(file);
    const source = createReadStream(file, { highWaterMark: 1 << 20 });
    if (!packed) {
      yield* source as AsyncIterable<Buffer>;
      return;
    }
    const unpacked = createGunzip({ chunkSize: 1 << 18 });
    source.on('error', (error) => unpacked.destroy(error)).pipe(unpacked);
    let bytes = 0;
    try {
      for await (const chunk of unpacked as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        if (bytes > Math.max(alwaysInflated, maxInflation * source.bytesRead))
          throw new DataError(`${file}: inflates to more than ${maxInflation} times its size; it is no table of texts`);
        yield chunk;
      }
    } finally {
      source.destroy();
    }
  } catch (error) {
    throw describeFileError(file, error);
  }
}

/** Yields a text file's bytes as UTF-8. Throws as `byteChunks` does, and for bytes that are not in its encoding. */
export async function* textChunks(file: string): AsyncGenerator<Buffer> {
  const convert = utf8Converter(file);
  for await (const chunk of byteChunks(file)) yield convert(chunk);
  const rest = convert(Buffer.alloc(0));
  if (rest.length > 0) yield rest;
}

/** A whole small file's bytes. Throws a DataError when it is larger than `maxBytes` bytes. */
export async function smallFile(file: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of byteChunks(file)) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new DataError(`${file}: is larger than ${maxBytes} bytes; it is not what it should be`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

// Longer lines are no rows of a table.
const maxLine = 1 << 24;

/** Yields a text file's lines without their endings, byte-order mark and empty lines left out. Throws a DataError for a line over 16 MiB. */
export async function* textLines(file: string): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  let first = true;
  const line = (bytes: Buffer): string => {
    const text = bytes.toString('utf8').replace(/\r$/, '');
    const shown = first ? text.replace(/^\uFEFF/, '') : text;
    first = false;
    return shown;
  };
  for await (const chunk of textChunks(file)) {
    let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    for (let end = data.indexOf(10); end >= 0; end = data.indexOf(10)) {
      const text = line(data.subarray(0, end));
      data = data.subarray(end + 1);
      if (text !== '') yield text;
    }
    if (data.length > maxLine) throw new DataError(`${file}: has a line of more than ${maxLine >> 20} MiB; it is no table of texts`);
    rest = data;
  }
  const text = line(rest);
  if (text !== '') yield text;
}
