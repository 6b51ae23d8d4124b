// Texts to be embedded: a file with one text per line, or a JSON list of texts.
import { fileError, readJson, readText } from '@hybridmed/runtime/files';

// More texts than one command embeds in days.
const maxBytes = 2 ** 28;

/** The texts of a file, in order. Empty lines at the end do not count. Throws one line for a file without texts. */
export async function readTexts(path: string): Promise<string[]> {
  const texts = path.endsWith('.json') ? await readList(path) : await readLines(path);
  if (texts.length === 0) throw fileError(path, 'holds no text', 'write one text per line, or a JSON list of texts');
  return texts;
}

async function readList(path: string): Promise<string[]> {
  const list: unknown = await readJson(path);
  if (!Array.isArray(list)) throw fileError(path, 'is not a JSON list', 'write ["first text", "second text"]');
  const wrong = list.findIndex((text) => typeof text !== 'string');
  if (wrong >= 0) throw fileError(path, `entry ${wrong + 1} is no text`, 'write ["first text", "second text"]');
  return list as string[];
}

async function readLines(path: string): Promise<string[]> {
  const lines = (await readText(path, maxBytes, 'file of texts', { pipes: true })).split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines;
}
