// Encodings of text files: UTF-8 strictly, UTF-16 by its mark or its zeros, another where the caller names it. No byte is replaced.
import { AsyncLocalStorage } from 'node:async_hooks';
import { isUtf8 } from 'node:buffer';
import { DataError } from '@hybridmed/images/errors';

// The encoding of all files of a set, named once where it is opened: what reads a file need not hand it on.
const named = new AsyncLocalStorage<string | undefined>();

/** The encoding that was named for the set that is being opened. */
export const namedEncoding = (): string | undefined => named.getStore();

function decoderOf(label: string): TextDecoder {
  try {
    return new TextDecoder(label, { fatal: true });
  } catch {
    throw new DataError(`--encoding ${label}: names no encoding; write one such as windows-1252, iso-8859-2, utf-16le or gb18030`);
  }
}

/** Runs `read`, whose text files are in `encoding` where no mark at their beginning says otherwise. Throws a DataError for the name of none. */
export function inEncoding<T>(encoding: string | undefined, read: () => T): T {
  if (encoding !== undefined) decoderOf(encoding);
  return named.run(encoding, read);
}

function encodingOf(file: string, [a = 1, b = 1, c = 1, d = 1]: Uint8Array, declared: string | undefined): string {
  const mark = (a << 8) | b;
  if ((mark === 0xfffe && (c | d) === 0) || (mark === 0 && c === 0xfe && d === 0xff)) throw new DataError(`${file}: is UTF-32; save it as UTF-8`);
  if (mark === 0xefbb && c === 0xbf) return 'utf-8';
  if (mark === 0xfffe || (b | d) === 0) return 'utf-16le';
  if (mark === 0xfeff || (a | c) === 0) return 'utf-16be';
  return namedEncoding() ?? declared ?? 'utf-8';
}

/** Bytes at the end that begin a character of UTF-8 whose rest is to come. */
function unfinished(bytes: Buffer): number {
  const start = bytes.findLastIndex((byte) => (byte & 0xc0) !== 0x80);
  const [lead, length] = [bytes[start] ?? 0, bytes.length - start];
  return length < (lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1) ? length : 0;
}

/** Makes a file's bytes in pieces, the last one empty, into UTF-8. It throws a DataError that names the line, or the encoding, that does not fit. */
export function utf8Converter(file: string, declared?: string): (chunk: Buffer) => Buffer {
  let [encoding, rest, line] = ['', Buffer.alloc(0), 1];
  let decoder: TextDecoder | undefined;
  const checked = (bytes: Buffer): Buffer => {
    if (!isUtf8(bytes)) {
      const lines = bytes.toString('latin1').split('\n');
      line += lines.findIndex((text) => !isUtf8(Buffer.from(text, 'latin1')));
      throw new DataError(`${file}: line ${line} is not UTF-8; save the file as UTF-8, or name its encoding, such as --encoding windows-1252`);
    }
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) line++;
    return bytes;
  };
  return (chunk) => {
    if (encoding === '') {
      encoding = encodingOf(file, chunk, declared).toLowerCase();
      if (!/^utf-?8$/.test(encoding)) decoder = decoderOf(encoding);
    }
    try {
      if (decoder) return Buffer.from(decoder.decode(chunk, { stream: chunk.length > 0 }));
    } catch {
      throw new DataError(`${file}: is not ${encoding} throughout; save it as UTF-8, or name its encoding with --encoding`);
    }
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const whole = bytes.length - (chunk.length > 0 ? unfinished(bytes) : 0);
    rest = Buffer.from(bytes.subarray(whole));
    return checked(bytes.subarray(0, whole));
  };
}

/** A whole file's text without its mark. `declared` is what the file says of itself. Throws as `utf8Converter` does. */
export function decodeText(file: string, bytes: Buffer, declared?: string): string {
  const convert = utf8Converter(file, declared);
  return Buffer.concat([convert(bytes), convert(Buffer.alloc(0))])
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}
