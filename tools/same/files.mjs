// Files of two folders: byte for byte, and where bytes differ, JSON by value (times left out, renamed keys mapped) and safetensors by tensor.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { bytesDifference, jsonDifference } from './compare.mjs';
import { comparable } from './json.mjs';
import { safetensorsDifference } from './safetensors.mjs';

/** Files that hold times by nature: TensorBoard's events, pages of a run. */
const untimely = /(^|\/)(events\.out\.tfevents\.[^/]*|[^/]*\.html)$/;

/** Files below a folder, by their path in it. */
function filesOf(folder) {
  if (!existsSync(folder)) return [];
  const all = readdirSync(folder, { recursive: true }).map((path) => path.split('\\').join('/'));
  return all.filter((path) => statSync(join(folder, path)).isFile() && !untimely.test(path)).toSorted();
}

const values = {
  '.json': (text) => JSON.parse(text),
  '.jsonl': (text) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
};

/** The first difference of two files, which may lie in JSON's names or times alone and then is none. */
function fileDifference(session, paths) {
  const [before, after] = [paths.before, paths.after].map((path) => readFileSync(path));
  if (before.equals(after)) return undefined;
  const kind = extname(paths.after);
  if (kind === '.safetensors') return safetensorsDifference(before, after);
  if (!(kind in values)) return bytesDifference(before, after);
  const form = (bytes, side) => comparable(values[kind](bytes.toString()), session, side);
  return jsonDifference(form(before, 'before'), form(after, 'after'));
}

/** Every file of a folder in both work folders: `[path, difference]`. */
export function folderDifferences(session, folder) {
  const [before, after] = [session.before, session.after].map((side) => join(side.folder, side.names.file(folder)));
  const known = new Map(filesOf(join(session.before.folder, folder)).map((path) => [session.before.names.file(path), path]));
  const now = new Set(filesOf(after));
  return [...new Set([...known.keys(), ...now])].toSorted().map((path) => {
    if (!now.has(path)) return [path, 'is gone'];
    if (!known.has(path)) return [path, 'is new'];
    return [path, fileDifference(session, { before: join(before, known.get(path)), after: join(after, path) })];
  });
}

/** The first file that differs, with its difference; undefined where there is none. */
export function folderDifference(session, folder) {
  const all = folderDifferences(session, folder);
  if (all.length === 0) return 'no file was written';
  const first = all.find(([, difference]) => difference !== undefined);
  return first && `${first[0]}: ${first[1]}`;
}
