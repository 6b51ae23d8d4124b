// Headers that a user gives for servers: a file of JSON by origin, so that what is for one is never sent to another.
import { readFileSync } from 'node:fs';
import { RemoteError } from './remote-error.ts';

/** Headers by origin: `{ "https://data.example": { "authorization": "Bearer ..." } }`. */
export type OriginHeaders = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The variable that names the file, which threads of a process inherit. */
export const headersVariable = 'HYBRIDMED_HTTP_HEADERS';

const advice = 'write {"https://data.example": {"authorization": "Bearer ..."}}';
// Of requests for ranges, and what a client decides itself.
const reserved = new Set(['range', 'host', 'content-length', 'connection', 'transfer-encoding']);
const maxBytes = 2 ** 20;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads a headers file. Throws a RemoteError that names the file and what is wrong, without any value. */
export function readHeadersFile(path: string): OriginHeaders {
  const fail = (what: string): never => {
    throw new RemoteError(`${path}: ${what}; ${advice}`);
  };
  let content: unknown;
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > maxBytes) fail('is too large for a file of headers');
    content = JSON.parse(text);
  } catch (error) {
    if (error instanceof RemoteError) throw error;
    // A parser's message quotes what it read.
    return fail((error as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : error instanceof SyntaxError ? 'is not JSON' : 'cannot be read');
  }
  if (!isObject(content)) return fail('holds no headers by origin');
  for (const [origin, headers] of Object.entries(content)) {
    if (!/^https?:$/.test(safeUrl(origin)?.protocol ?? '') || safeUrl(origin)!.origin !== origin) fail(`"${origin}" is no origin such as https://data.example`);
    if (!isObject(headers)) return fail(`"${origin}" has no object of headers`);
    for (const [name, value] of Object.entries(headers)) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(name) || reserved.has(name.toLowerCase())) fail(`"${name}" of ${origin} is no header to give`);
      if (typeof value !== 'string' || /[\r\n\0]/.test(value)) fail(`the value of "${name}" of ${origin} is no text of one line`);
    }
  }
  return content as OriginHeaders;
}

/** An address; undefined for what is none. */
export function safeUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
