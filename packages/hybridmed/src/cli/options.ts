// Parsers of flags that several commands share; each refuses a wrong value with one line.
import type { ColumnRole } from '@hybridmed/data';
import { columnRoles } from '@hybridmed/data/browser';
import type { DeviceName } from '@hybridmed/runtime/device';
import { deviceNames, tuningModes } from '@hybridmed/runtime/device';
import type { Precision } from '@hybridmed/tensor';
import { precisions } from '@hybridmed/tensor';
import { InvalidArgumentError, Option } from 'commander';

/** A whole number not below `least` and, where it is given, not above `most`. */
export const integer =
  (least: number, most = Infinity) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isSafeInteger(value) || value < least || value > most || text.trim() === '')
      throw new InvalidArgumentError(`Give a whole number, ${most === Infinity ? `${least} or more` : `${least} to ${most}`}.`);
    return value;
  };

/** A whole number not below `least`, or anything that is no number: the name of a `kind`. */
export const integerOr =
  (kind: string, least: number) =>
  (text: string): number | string => {
    if (text.trim() === '') throw new InvalidArgumentError(`Give a whole number, ${least} or more, or a ${kind}.`);
    return Number.isNaN(Number(text)) ? text : integer(least)(text);
  };

/** A number not below `least`. */
export const number =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < least || text.trim() === '') throw new InvalidArgumentError(`Give a number, ${least} or more.`);
    return value;
  };

/** A number above 0 and, where it is given, not above `most`. */
export const positive =
  (most = Infinity) =>
  (text: string): number => {
    const value = number(0)(text);
    if (value === 0 || value > most) throw new InvalidArgumentError(`Give a number above 0${most === Infinity ? '' : ` and up to ${most}`}.`);
    return value;
  };

/** A share of values that are dropped: from 0 to below 1. */
export function dropRate(text: string): number {
  const value = number(0)(text);
  if (value >= 1) throw new InvalidArgumentError('Give a share from 0 to below 1.');
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

/** Flags of the device a command runs on. */
export interface DeviceFlags {
  device?: DeviceName;
  precision?: Precision;
  threads?: number;
}

/** `--device` and `--threads`. */
export const deviceOption = () =>
  new Option('--device <name>', 'device to compute on: auto selects hardware WebGPU, else cpu, else gpujs').choices(deviceNames).default('auto');
export const threadsOption = () => new Option('--threads <n>', 'threads of the cpu device (default: all cores)').argParser(integer(1));

/** `--precision`. */
export const precisionOption = () =>
  new Option('--precision <p>', 'f32, or mixed: activations as 16-bit floats, on webgpu adapters that support them').choices(precisions);

/** `--tuning`, of commands that train. */
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

/** `--vision` and `--text` of commands that use a checkpoint: code is run only where the user names it. */
export const visionModuleOption = () => new Option('--vision <module>', "the module of the checkpoint's vision encoder, if it was trained with one");
export const textModuleOption = () => new Option('--text <module>', "the module of the checkpoint's text encoder, if it was trained with one");

/** Names of columns by role, `image=file,findings=text`; a flag given again adds to them. */
export function columns(text: string, before: Partial<Record<ColumnRole, string>> = {}): Partial<Record<ColumnRole, string>> {
  const named = { ...before };
  for (const part of text.split(',')) {
    const equals = part.indexOf('=');
    const role = part.slice(0, Math.max(0, equals)) as ColumnRole;
    if (!columnRoles.includes(role) || equals === part.length - 1)
      throw new InvalidArgumentError(`Give ROLE=NAME, or several with commas between them; a role is one of ${columnRoles.join(', ')}.`);
    named[role] = part.slice(equals + 1);
  }
  return named;
}

/** `--json`. */
export const jsonOption = () => new Option('--json', 'print one JSON document and nothing else').default(false);
