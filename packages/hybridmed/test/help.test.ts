// What users read of every command: a change in it is seen in review.
import { describe, expect, test } from 'vitest';
import { run } from './support/output.ts';

/** Commands that a help text lists. */
const commandsOf = (help: string): string[] =>
  [...(help.split(/^Commands:\n/m)[1] ?? '').matchAll(/^ {2}([\w-]+)/gm)].map(([, name]) => name!).filter((name) => name !== 'help');

/** A command and all below it, as the words that name them. */
async function commandsBelow(words: readonly string[] = []): Promise<(readonly string[])[]> {
  const { out } = await run(...words, '--help');
  return [words, ...(await Promise.all(commandsOf(out).map((name) => commandsBelow([...words, name])))).flat()];
}

describe.each((await commandsBelow()).map((words) => ['hybridmed', ...words].join(' ')))('%s', (command) => {
  test('its help', async () => {
    const { code, out, log } = await run(...command.split(' ').slice(1), '--help');
    expect([code, log]).toEqual([0, '']);
    expect(out).toMatchSnapshot();
  });
});
