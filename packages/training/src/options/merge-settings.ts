// The one rule of precedence: a flag, else the configuration file, else the preset's default, else the option's.
import type { PresetName } from '@hybridmed/model/presets';
import { presets } from '@hybridmed/model/presets';
import type { Options, Values } from './option.ts';

/** What was given: by flags, and by a file. Undefined counts as not given. */
export interface Given {
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly file?: Readonly<Record<string, unknown>>;
}

const definedEntries = (values: Readonly<Record<string, unknown>>): [string, unknown][] => Object.entries(values).filter(([, value]) => value !== undefined);

/** The preset that sizes and defaults are of, where none is named. */
export const defaultPreset: PresetName = 'small';

/** Values of a table's options: flag > file > preset > default. What is required and not given is absent; see `missing`. */
export function mergeSettings<O extends Options>(options: O, { flags = {}, file = {} }: Given): Values<O> {
  const ofFlags = Object.fromEntries(definedEntries(flags));
  const ofFile = definedEntries(file).map(([key, value]): [string, unknown] => [key, options[key]?.beneath?.(value, ofFlags) ?? value]);
  const given = Object.fromEntries([...ofFile, ...Object.entries(ofFlags)]);
  const preset = presets[(given.preset as PresetName | undefined) ?? defaultPreset];
  const values = Object.entries(options).flatMap(([key, row]): [string, unknown][] => {
    if (key in given) return [[key, row.value.canonical?.(given[key]) ?? given[key]]];
    const { default: otherwise } = row;
    if (otherwise === undefined) return [];
    return [[key, typeof otherwise === 'function' ? (otherwise as (context: object) => unknown)({ preset, given }) : otherwise]];
  });
  return Object.fromEntries(values) as Values<O>;
}
