// Help of the program, its commands and theirs, found through "Commands:" of each help; lines are joined again before words are compared.
import { linesDifference } from '../compare.mjs';

const section = /^(Usage|Arguments|Options|Global Options|Commands):/;

/** A help text without its wrapping: a line for each heading, paragraph and item, in order. */
export function unwrapped(text) {
  const lines = [];
  let open = false;
  for (const line of text.split('\n')) {
    const item = /^ {2}\S/.test(line);
    if (line.trim() === '') open = false;
    else if (open && !item && !section.test(line)) lines.push(`${lines.pop()} ${line.trim()}`);
    else {
      lines.push(line.trim());
      open = true;
    }
    if (section.test(line) && !line.startsWith('Usage')) open = false;
  }
  return lines.map((line) => line.replace(/\s+/g, ' '));
}

/** Names of the commands a help text lists, `help` apart. */
export function commandsOf(text) {
  const list = text.split(/^Commands:\n/m)[1] ?? '';
  return [...list.matchAll(/^ {2}(\S+)/gm)].map(([, name]) => name).filter((name) => name !== 'help');
}

/** Help of a command and of all below it, by the words that name it. */
async function helpBelow(checkout, words = []) {
  const { stdout, problem } = await checkout.ownCommand([...words, '--help']);
  if (problem !== undefined) return { problem: `${words.join(' ')} --help: ${problem}` };
  const texts = [[words.join(' '), stdout]];
  for (const name of commandsOf(stdout)) {
    const inner = await helpBelow(checkout, [...words, name]);
    if (inner.problem !== undefined) return inner;
    texts.push(...inner.texts);
  }
  return { texts };
}

/** Compares help: a line for each command, under AFTER's name. */
export async function help({ before, after, report, renames }) {
  const [old, now] = [await helpBelow(before), await helpBelow(after)];
  if (old.problem ?? now.problem) return report.differs('help', old.problem ?? now.problem);
  const known = new Map(old.texts.map(([words, text]) => [renames.commands[words] ?? words, unwrapped(text).map(before.names.help)]));
  const found = new Map(now.texts.map(([words, text]) => [words, unwrapped(text)]));
  for (const words of new Set([...known.keys(), ...found.keys()])) {
    const [was, is] = [known.get(words), found.get(words)];
    const difference = was === undefined ? 'is a new command' : is === undefined ? 'the command is gone' : linesDifference(was, is);
    report.compared(`help: hybridmed ${words}`.trimEnd(), difference);
  }
}
