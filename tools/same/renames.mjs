// The list of names changed on purpose (`renames.json`), and how BEFORE's names become AFTER's: in arguments, help, JSON and paths.
//   commands         "vqa train": "answer train"
//   flags            "--residue": "--deid-placeholders", or with a value "--maps cls": "--maps class"
//   help             [["films", "images"], ...] on help and descriptions of settings, in this order, before commands and flags
//   jsonKeys         "nearestFilms": "nearestImages", or by the end of its path "image.crop": "image.size"
//   jsonTexts        [["film", "image"], ...] on texts in JSON
//   ignoredJsonKeys  keys that are not compared, on either side, by name or by the end of their path
//   files            "vqa.json": "answers.json", the end of a path in a run's or task's folder
//   exports          names of functions that probes take from `hybridmed` and `@hybridmed/*`
//   wgsl             see wgsl.mjs
import { readFileSync } from 'node:fs';

/** The list, each part of it present. */
export function readRenames(file = new URL('renames.json', import.meta.url)) {
  const { wgsl, ...others } = JSON.parse(readFileSync(file, 'utf8'));
  const none = { commands: {}, flags: {}, help: [], jsonKeys: {}, jsonTexts: [], ignoredJsonKeys: [], files: {}, exports: {} };
  return { ...none, ...others, wgsl: { canonical: 'strict', identifiers: {}, texts: [], names: [], ...wgsl } };
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Replaces whole words: a longer word or flag that holds one stays. */
export function replaceWords(text, pairs) {
  return pairs.reduce((now, [from, to]) => now.replace(new RegExp(`(?<![\\w-])${escape(from)}${/\w$/.test(from) ? '(?![\\w-])' : ''}`, 'g'), () => to), text);
}

/** Flags replaced, alone or with their value. */
function mapFlags([first, second, ...rest], flags) {
  if (first === undefined) return [];
  const pair = second === undefined ? undefined : flags[`${first} ${second}`];
  if (pair !== undefined) return [...pair.split(' '), ...mapFlags(rest, flags)];
  return [...(flags[first]?.split(' ') ?? [first]), ...mapFlags(second === undefined ? [] : [second, ...rest], flags)];
}

/** Arguments with their command and flags replaced. */
function mapArguments(args, { commands, flags }) {
  for (const words of [2, 1]) {
    const command = commands[args.slice(0, words).join(' ')];
    if (command !== undefined) return [...command.split(' '), ...mapFlags(args.slice(words), flags)];
  }
  return mapFlags(args, flags);
}

/** The value for a path or the longest end of it that the list names. */
function byEnd(path, list, separator) {
  for (let at = 0; at < path.length; at++) {
    const value = list[path.slice(at).join(separator)];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** How one side writes what callers write in BEFORE's names. AFTER's arguments and exports are mapped; BEFORE's outputs are. */
export function namesOf(side, renames) {
  const after = side === 'after';
  const inHelp = [...renames.help, ...Object.entries(renames.commands), ...Object.entries(renames.flags)];
  return {
    args: (args) => (after ? mapArguments(args, renames) : args),
    exports: after ? renames.exports : {},
    help: (text) => (after ? text : replaceWords(text, inHelp)),
    key: (path) => (after ? path.at(-1) : (byEnd(path, renames.jsonKeys, '.') ?? path.at(-1))),
    text: (text) => (after ? text : replaceWords(text, renames.jsonTexts)),
    file: (path) => {
      if (after) return path;
      const steps = path.split('/');
      const at = steps.findIndex((_, i) => Object.hasOwn(renames.files, steps.slice(i).join('/')));
      return at < 0 ? path : [...steps.slice(0, at), renames.files[steps.slice(at).join('/')]].join('/');
    },
  };
}
