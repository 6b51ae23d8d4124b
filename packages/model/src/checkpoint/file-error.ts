// Problems with files as one line a user can act on, wherever the files come from: a disk, or a server.
import { HybridmedError } from '@hybridmed/tensor';

// A problem may quote what a stranger's file holds: as much of it, without line ends and other control characters.
const maxProblem = 500;

/** A problem with a file or folder, as one line a user can act on. */
export function fileError(path: string, problem: string, fix: string): HybridmedError {
  // oxlint-disable-next-line no-control-regex -- they are what is taken out.
  const line = problem.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ');
  return new HybridmedError(`${path}: ${line.length > maxProblem ? `${line.slice(0, maxProblem)}...` : line}; ${fix}`);
}

// What files of ours and of others nest is some ten levels deep; what nests more is no such file, and exhausts the stack of whoever walks over it.
const maxDepth = 1000;

/** Whether brackets outside of strings nest deeper than that. */
function nestsTooDeeply(text: string): boolean {
  let [depth, inString] = [0, false];
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 0x5c) i++;
      else if (code === 0x22) inString = false;
    } else if (code === 0x22) inString = true;
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) return true;
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
  return false;
}

/** Parses a JSON file's text. Throws one line that names the file and what is wrong. */
// oxlint-disable-next-line typescript/no-explicit-any -- callers check what they read.
export function parseJson(path: string, text: string): any {
  if (nestsTooDeeply(text)) throw fileError(path, `is nested more than ${maxDepth} levels deep`, 'mend it, or restore what was written');
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw fileError(path, `is not valid JSON (${(error as Error).message.replace(/\s+/g, ' ')})`, 'mend it, or restore what was written');
  }
}
