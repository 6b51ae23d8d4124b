// Problems with files as one line a user can act on, wherever the files come from: a disk, or a server.
import { HybridmedError } from '@hybridmed/tensor';

/** A problem with a file or folder, as one line a user can act on. */
export function fileError(path: string, problem: string, fix: string): HybridmedError {
  return new HybridmedError(`${path}: ${problem}; ${fix}`);
}

/** Parses a JSON file's text. Throws one line that names the file and what is wrong. */
// oxlint-disable-next-line typescript/no-explicit-any -- callers check what they read.
export function parseJson(path: string, text: string): any {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw fileError(path, `is not valid JSON (${(error as Error).message.replace(/\s+/g, ' ')})`, 'mend it, or restore what was written');
  }
}
