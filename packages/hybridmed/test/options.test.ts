// Every option of every command: its flag and its key in a file take the same values.
import type { Option } from '@hybridmed/training/options';
import { mergeSettings } from '@hybridmed/training/options';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { commands } from '../src/cli/commands.ts';
import { loadOptions } from '../src/cli/define-command.ts';

const definitions = commands.flatMap((command) =>
  'commands' in command ? command.commands.map((each) => [`${command.name} ${each.name}`, each] as const) : [[command.name, command] as const],
);
const all = await Promise.all(definitions.map(async ([name, definition]) => [name, await loadOptions(definition)] as const));
const rows = all.flatMap(([name, options]) => Object.entries(options).map(([key, row]): [string, Option] => [`${name} ${key}`, row]));
const texts = [
  '0',
  '1',
  '-1',
  '0.5',
  '0.97',
  '31',
  '65',
  '1e9',
  '1e-40',
  'Infinity',
  'NaN',
  ' ',
  'x',
  '1,2',
  '1,x',
  '1,2,3',
  'rotation=5',
  'image=a',
  'noise=2',
];

/** What a text gives, or undefined where it is refused. */
function parsed({ value }: Option, text: string): unknown {
  try {
    return value.parse(text);
  } catch {
    return undefined;
  }
}

describe.each(rows)('%s', (_, row) => {
  const schema = row.value.schema(z);

  test('what its flag takes, a file may hold', () => {
    const { choices = [] } = row.value;
    for (const text of [...texts, ...choices]) {
      const value = parsed(row, text);
      if (value !== undefined) expect(schema.safeParse(value)).toMatchObject({ success: true, data: value });
    }
  });

  test('numbers and words that its flag refuses, a file may not hold', () => {
    const wanted = schema instanceof z.ZodNumber ? texts.filter((text) => text.trim() !== '').map(Number) : schema instanceof z.ZodEnum ? texts : [];
    for (const value of wanted) expect(schema.safeParse(value).success).toBe(parsed(row, String(value)) !== undefined);
  });
});

describe.each(all)('%s', (_, options) => {
  test('its defaults are values of their kind, and are written as flags would be', () => {
    for (const [key, value] of Object.entries<unknown>(mergeSettings(options, {}))) {
      const row = options[key]!;
      expect(row.value.schema(z).safeParse(value), key).toMatchObject({ success: true });
      if (row.value.flag !== undefined || typeof row.default === 'function' || row.default === '' || row.off?.value === false) continue;
      const written = row.value.format?.(value) ?? String(value);
      if (written !== '') expect(parsed(row, written), key).toEqual(value);
    }
  });

  test('a row with a text of its flag has a name for it, a switch has none; one that must be given has no default', () => {
    for (const [key, { value, argument, help, required, fileOnly, default: otherwise }] of Object.entries<Option>(options)) {
      expect(argument === undefined, key).toBe(value.flag === 'switch' || fileOnly === true);
      expect(help, key).not.toMatch(/^[A-Z][a-z]|\.$/);
      expect(required === true && otherwise !== undefined, key).toBe(false);
    }
  });
});
