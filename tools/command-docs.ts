// Documentation that follows from the rows of commands: the list of commands in the README of hybridmed, and the tables of docs/settings.md.
import { presets } from '@hybridmed/model/presets';
import { dataSettings, runSettings } from '@hybridmed/runtime/settings';
import type { Option, Options } from '@hybridmed/training/options';
import { flagOf, mergeSettings } from '@hybridmed/training/options';
import { trainingSettings } from '@hybridmed/training/settings';
import { pretrain } from '../packages/hybridmed/src/cli/commands/pretrain.ts';
import { loadOptions } from '../packages/hybridmed/src/cli/define-command.ts';
import { commands } from '../packages/hybridmed/src/cli/commands.ts';
import { exampleLines } from '../packages/hybridmed/src/cli/example-lines.ts';

/** Where notes of the list begin. */
const noteColumn = 54;

/** A block of a document between the comments that name it, with other content. */
export function withBlock(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no block "${name}"`);
  return `${document.slice(0, from + begin.length)}\n\n${content}\n\n${document.slice(to)}`;
}

/** Examples of all commands as a block of shell. */
export function commandList(): string {
  const definitions = commands.flatMap((command) => ('commands' in command ? command.commands : [command]));
  const lines = definitions.flatMap(({ examples = {} }) => exampleLines(examples, noteColumn));
  return `\`\`\`sh\n${lines.join('\n')}\n\`\`\``;
}

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');

/** A default in words: one for all presets, or each preset's. */
function defaultOf(key: string, row: Option): string {
  const written = (preset: string): string => {
    const value = mergeSettings({ [key]: row }, { file: key === 'preset' ? {} : { preset } })[key] as unknown;
    return value === undefined ? '' : (row.value.format?.(value) ?? String(value));
  };
  if (row.default === undefined) return row.defaultWords ?? '';
  const values = Object.keys(presets).map((preset) => [preset, written(preset)] as const);
  const [, first] = values[0]!;
  if (values.some(([, value]) => value !== first)) return values.map(([preset, value]) => `${preset} ${code(value)}`).join(', ');
  return first === '' || (row.value.flag === 'switch' && first === 'false') ? '' : code(first);
}

const flagsOf = (key: string, { argument, value, off, fileOnly }: Option): string => {
  const negative = flagOf(key).replace(/^--/, '--no-');
  const positive = `${flagOf(key)}${argument === undefined ? '' : ` <${argument}${value.flag === 'several' ? '...' : ''}>`}`;
  return [...(off?.only || fileOnly ? [] : [positive]), ...(off ? [negative] : [])].map(code).join(', ');
};

/** The rows of a table of options. */
export function settingsTable(options: Options): string {
  const rows = Object.entries(options).map(([key, row]: [string, Option]) => {
    const resumed = row.scope !== 'run' ? 'free' : (row.onResume ?? 'same');
    const given = row.required ? 'must be given' : defaultOf(key, row);
    const cells = [code(key), flagsOf(key, row), cell(row.value.words), given, row.byStage ? 'yes' : '', resumed, cell(row.help)];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| key | flag | value | default | by stage | on resume | |', '|---|---|---|---|---|---|---|', ...rows].join('\n');
}

/** The tables of docs/settings.md by the names of their blocks. */
export async function settingsTables(): Promise<Readonly<Record<string, string>>> {
  const ofProcess: Options = Object.fromEntries(Object.entries<Option>(await loadOptions(pretrain)).filter(([, row]) => row.scope !== 'run'));
  return {
    'settings of the data': settingsTable(dataSettings),
    'settings of training': settingsTable({ ...trainingSettings, stages: runSettings.stages }),
    'settings of the process': settingsTable(ofProcess),
  };
}
