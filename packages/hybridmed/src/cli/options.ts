// Options that several commands share, and parsers of their values; a parser refuses an invalid value with one line.
import type { ColumnRole } from '@hybridmed/data';
import { columnRoles } from '@hybridmed/data/browser';
import type { DeviceName } from '@hybridmed/runtime/device';
import { deviceHelp, deviceNames, tuningModes } from '@hybridmed/runtime/device';
import type { Precision } from '@hybridmed/tensor';
import { precisions } from '@hybridmed/tensor';
import { InvalidArgumentError, Option } from 'commander';

/** A whole number from `min` to `max`. */
export const integer =
  (min: number, max = Infinity) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < min || value > max || text.trim() === '')
      throw new InvalidArgumentError(`Give a whole number, ${max === Infinity ? `${min} or more` : `${min} to ${max}`}.`);
    return value;
  };

/** A whole number of at least `min`, or any text that is no number: the name of a `kind`. */
export const integerOr =
  (kind: string, min: number) =>
  (text: string): number | string => {
    if (text.trim() === '') throw new InvalidArgumentError(`Give a whole number, ${min} or more, or a ${kind}.`);
    return Number.isNaN(Number(text)) ? text : integer(min)(text);
  };

/** A number of at least `min`. */
export const number =
  (min: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < min || text.trim() === '') throw new InvalidArgumentError(`Give a number, ${min} or more.`);
    return value;
  };

/** A number above 0, up to `max`. */
export const positive =
  (max = Infinity) =>
  (text: string): number => {
    const value = number(0)(text);
    if (value === 0 || value > max) throw new InvalidArgumentError(`Give a number above 0${max === Infinity ? '' : ` and up to ${max}`}.`);
    return value;
  };

/** A dropout rate: from 0 to below 1. */
export function dropRate(text: string): number {
  const value = number(0)(text);
  if (value >= 1) throw new InvalidArgumentError('Give a rate from 0 to below 1.');
  return value;
}

/** Two whole numbers, one for each stage: `A,B`. */
export function stagePair(text: string): [number, number] {
  const parts = text.split(',').map((part) => integer(0)(part));
  if (parts.length !== 2) throw new InvalidArgumentError('Give two whole numbers as A,B: one for each stage.');
  return parts as [number, number];
}

/** Named numbers: `rotation=5,noise=0.01`. */
export function amounts(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map((part) => {
      const [name, value, ...more] = part.split('=');
      if (!name || value === undefined || more.length > 0) throw new InvalidArgumentError('Give names and numbers as NAME=NUMBER,NAME=NUMBER.');
      return [name.trim(), number(0)(value)];
    }),
  );
}

/** Flags of the device that a command computes on. */
export interface DeviceFlags {
  device?: DeviceName;
  precision?: Precision;
  threads?: number;
}

/** `--device` and `--threads`. */
export const deviceOption = () => new Option('--device <name>', deviceHelp).choices(deviceNames).default('auto');
export const threadsOption = () => new Option('--threads <n>', 'threads of the cpu device (default: all cores)').argParser(integer(1));

/** `--precision`. */
export const precisionOption = () =>
  new Option('--precision <p>', 'f32, or mixed: activations as 16-bit floats, on webgpu adapters that support them').choices(precisions);

/** `--tuning` of commands that train. */
export const tuningOption = () =>
  new Option(
    '--tuning <mode>',
    'webgpu: how kernel variants are selected: by rule (off), as earlier runs measured (cached), or measured in up to 2 s where none did',
  )
    .choices(tuningModes)
    .default('measure');

/** Modules of a checkpoint's encoders. */
export interface ModuleFlags {
  vision?: string;
  text?: string;
}

/** `--vision` and `--text` of commands that use a checkpoint: code is run only if the user names it. */
export const visionModuleOption = () => new Option('--vision <module>', "the module of the checkpoint's vision encoder, if it was trained with one");
export const textModuleOption = () => new Option('--text <module>', "the module of the checkpoint's text encoder, if it was trained with one");

/** Names of columns by role, `image=file,findings=text`; a repeated flag adds to them. */
export function columns(text: string, before: Partial<Record<ColumnRole, string>> = {}): Partial<Record<ColumnRole, string>> {
  const columnNames = { ...before };
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const role = part.slice(0, Math.max(0, equals)) as ColumnRole;
    if (!columnRoles.includes(role) || equals === part.length - 1)
      throw new InvalidArgumentError(`Give ROLE=NAME, or several with commas between them; a role is one of ${columnRoles.join(', ')}.`);
    columnNames[role] = part.slice(equals + 1);
  }
  return columnNames;
}

/** `--json`. */
export const jsonOption = () => new Option('--json', 'print one JSON document and nothing else').default(false);
