// `hybridmed completion`: what a shell needs to complete commands, their flags, and the values of those that have a list of them.
import type { Options } from '@hybridmed/training/options';
import { flagOf } from '@hybridmed/training/options';
import type { CommandDefinition, CommandGroup } from '../define-command.ts';
import { defineCommand, loadOptions } from '../define-command.ts';

/** A command line's beginning: the words that may follow, and the values of flags that have a list. */
interface Place {
  readonly words: readonly string[];
  readonly commands: readonly string[];
  readonly flags: Readonly<Record<string, { readonly help: string; readonly choices?: readonly string[] | undefined; readonly takes: boolean }>>;
}

type Definition = CommandDefinition | CommandGroup;

function flagsOf(options: Options): Place['flags'] {
  return Object.fromEntries(
    Object.entries(options).flatMap(([key, { value, help, argument, off, fileOnly }]) => {
      const flag = flagOf(key);
      const positive = off?.only || fileOnly ? [] : [[flag, { help, choices: value.choices, takes: argument !== undefined }] as const];
      return [...positive, ...(off ? [[flag.replace(/^--/, '--no-'), { help: off.help, takes: false }] as const] : [])];
    }),
  );
}

/** Every place of the command line, the first word's first. */
async function placesOf(definitions: readonly Definition[], words: readonly string[] = []): Promise<Place[]> {
  const own: Place = { words, commands: definitions.map(({ name }) => name), flags: {} };
  const below = definitions.map(async (definition): Promise<Place[]> => {
    const path = [...words, definition.name];
    if ('commands' in definition) return placesOf(definition.commands, path);
    const flags = flagsOf(await loadOptions(definition));
    return [{ words: path, commands: [], flags: { ...flags, '--config': { help: 'values from a file', takes: true } } }];
  });
  return [own, ...(await Promise.all(below)).flat()];
}

const pathOf = ({ words }: Place): string => words.map((word) => `/${word}`).join('');

/** Without a match, bash completes names of files. */
function bash(places: readonly Place[]): string {
  const choices = places.flatMap((place) =>
    Object.entries(place.flags).flatMap(([flag, row]) => (row.choices ? [`    ${pathOf(place)}:${flag}) words="${row.choices.join(' ')}" ;;`] : [])),
  );
  const following = places.map(
    (place) => `        ${pathOf(place) || "''"}) words="${[...place.commands, ...Object.keys(place.flags), '--help'].join(' ')}" ;;`,
  );
  return `_hybridmed() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$path/\${COMP_WORDS[i]}" in
      ${places.map(pathOf).filter(Boolean).join('|')}) path="$path/\${COMP_WORDS[i]}" ;;
      *) break ;;
    esac
  done
  case "$path:$before" in
${choices.join('\n')}
    *)
      case "$path" in
${following.join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _hybridmed hybridmed
`;
}

const zsh = (places: readonly Place[]): string => `#compdef hybridmed\nautoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;

function fish(places: readonly Place[]): string {
  const condition = ({ words, commands }: Place): string =>
    [
      words.length === 0 ? '__fish_use_subcommand' : words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and '),
      ...(words.length > 0 && commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.join(' ')}`] : []),
    ].join('; and ');
  const lines = places.flatMap((place) => [
    ...place.commands.map((name) => `complete -c hybridmed -f -n ${quoted(condition(place))} -a ${name}`),
    ...Object.entries(place.flags).map(([flag, { help, choices, takes }]) =>
      [
        `complete -c hybridmed -n ${quoted(condition(place))} -l ${flag.slice(2)} -d ${quoted(help)}`,
        ...(takes ? ['-r'] : []),
        ...(choices ? [`-f -a ${quoted(choices.join(' '))}`] : []),
      ].join(' '),
    ),
  ]);
  return `${lines.join('\n')}\n`;
}

const shells = { bash, zsh, fish };

/** The command, over the table of commands. */
export const completion = (commands: () => readonly Definition[]): CommandDefinition =>
  defineCommand({
    name: 'completion',
    description: 'print what a shell needs to complete commands, flags and their values: bash, zsh or fish',
    examples: { 'completion bash >> ~/.bashrc': 'completion of commands, flags and their values; also zsh, fish' },
    arguments: { shell: Object.keys(shells).join(', ') },
    options: {},
    async run({ arguments: { shell }, output, usage }) {
      if (!Object.hasOwn(shells, shell)) usage(`"${shell}" is no shell that is known here; name ${Object.keys(shells).join(', ')}`);
      output.result(shells[shell as keyof typeof shells](await placesOf(commands())));
    },
  });
