// Objects of a large JSON file one at a time: those inside its top-level array, or inside the arrays of its top-level object.
import { DataError } from '@hybridmed/images/errors';
import { textChunks } from './chunks.ts';

/** An object and, where the file's top level is an object, the key its array stands under. */
export interface KeyedObject {
  readonly key: string | undefined;
  readonly value: Readonly<Record<string, unknown>>;
}

const maxObject = 1 << 22;
const [quote, backslash, open, close, openList, closeList, colon] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d, 0x3a];

/**
 * Yields the objects of `[{}, ...]` or `{"train": [{}, ...], ...}`. Memory is that of one object. Throws a DataError naming the file for
 * broken JSON, another shape, or an object over 4 MiB.
 */
export async function* jsonObjects(file: string): AsyncGenerator<KeyedObject> {
  const fail = (problem: string): never => {
    throw new DataError(`${file}: ${problem}; restore the file`);
  };
  // What is open, outermost first; `start` is where the object begins that is being read, `text` where the last top-level string does.
  const stack: number[] = [];
  let data: Buffer = Buffer.alloc(0);
  let [position, start, textStart, inText] = [0, -1, -1, false];
  let key: string | undefined;
  let lastText = '';
  let any = false;
  const depthOfObjects = () => (stack[0] === openList ? 1 : 2);
  for await (const chunk of textChunks(file)) {
    const from = start >= 0 ? start : inText && textStart >= 0 ? textStart : position;
    data = Buffer.concat([data.subarray(from), chunk]);
    position -= from;
    if (start >= 0) start -= from;
    textStart -= from;
    if (data.length - chunk.length > maxObject) fail('an object is larger than 4 MiB');
    for (; position < data.length; position++) {
      const byte = data[position]!;
      if (inText) {
        if (byte === backslash) position++;
        else if (byte === quote) {
          inText = false;
          if (start < 0) lastText = data.toString('utf8', textStart, position + 1);
        }
      } else if (byte === quote) {
        inText = true;
        textStart = position;
      } else if (byte === colon && stack.length === 1 && stack[0] === open) key = parse(lastText, fail) as string;
      else if (byte === open || byte === openList) {
        if (stack.length > 64) fail('is nested too deeply');
        if (start < 0 && byte === open && stack.length === depthOfObjects() && stack.at(-1) === openList) start = position;
        stack.push(byte);
        any = true;
      } else if (byte === close || byte === closeList) {
        if (stack.pop() !== (byte === close ? open : openList)) fail('is broken JSON');
        if (start >= 0 && stack.length === depthOfObjects()) {
          yield { key, value: parse(data.toString('utf8', start, position + 1), fail) as Record<string, unknown> };
          start = -1;
        }
      }
    }
  }
  if (!any || stack.length > 0 || inText) fail('is cut short or no JSON');
}

function parse(text: string, fail: (problem: string) => never): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return fail('is broken JSON');
  }
}
