// What every command has without asking: the device of its options, closed whatever happens, and usage errors.
import type { Device } from '@hybridmed/tensor';
import { integer, option } from '@hybridmed/training/options';
import { Command, CommanderError } from 'commander';
import { beforeEach, expect, test, vi } from 'vitest';
import { addCommands } from '../src/cli/build-command.ts';
import type { CommandContext } from '../src/cli/define-command.ts';
import { defineCommand } from '../src/cli/define-command.ts';
import { deviceOptions } from '../src/cli/options/shared.ts';

const calls: string[] = [];
beforeEach(() => void (calls.length = 0));

vi.mock(import('@hybridmed/runtime/device'), async (original) => ({
  ...(await original()),
  openDevice: (name, { threads } = {}) => {
    const number = calls.filter((call) => call.startsWith('open')).length + 1;
    calls.push(`open ${name} ${threads}`);
    if (name === 'webgpu') return Promise.reject(new Error('no adapter'));
    const device = { info: { name: `device ${number}` }, close: () => void calls.push(`close ${number}`) } as unknown as Device;
    return Promise.resolve({ device, reason: 'for the test' });
  },
}));

const options = { count: option({ value: integer(1), argument: 'n', help: 'a number', default: 2 }), ...deviceOptions };

/** Runs a command with this body; gives its log. */
async function runBody(body: (context: CommandContext<typeof options, 'file'>) => Promise<void>, ...args: string[]): Promise<string[]> {
  const log: string[] = [];
  const output = { result: () => undefined, log: (line: string) => void log.push(line) };
  const command = defineCommand({ name: 'example', description: '', arguments: { file: 'a file' }, options, run: body });
  const program = new Command().exitOverride();
  await addCommands(program, [command], output, ['example']);
  program.commands[0]!.exitOverride().configureOutput({ writeErr: () => undefined });
  await program.parseAsync(['example', 'a.txt', ...args], { from: 'user' });
  return log;
}

test('the device is opened when it is asked for, once, by the options, and closed at the end', async () => {
  const log = await runBody(
    async ({ values, arguments: { file }, openDevice }) => {
      expect([values.count, file, calls]).toEqual([2, 'a.txt', []]);
      expect(await openDevice()).toBe(await openDevice());
      calls.push('work');
    },
    '--device',
    'cpu',
    '--threads',
    '3',
  );
  expect(calls).toEqual(['open cpu 3', 'work', 'close 1']);
  expect(log).toEqual(['device: device 1 (for the test)']);
});

test('a command that needs none opens none', async () => {
  expect(await runBody(() => Promise.resolve())).toEqual([]);
  expect(calls).toEqual([]);
});

test('the device is closed where the work fails, and where the device itself does', async () => {
  const failing = async ({ openDevice }: CommandContext<typeof options, 'file'>) => {
    await openDevice();
    throw new Error('the work failed');
  };
  await expect(runBody(failing)).rejects.toThrow('the work failed');
  expect(calls).toEqual(['open auto undefined', 'close 1']);
  await expect(runBody(failing, '--device', 'webgpu')).rejects.toThrow('no adapter');
});

test('another device in place of a lost one: the last is closed', async () => {
  const said: string[] = [];
  const log = await runBody(async ({ openDevice }) => {
    const lost = await openDevice({ onMessage: (line) => said.push(line) });
    await lost.close();
    await openDevice({ again: true, onMessage: (line) => said.push(line) });
  });
  expect(calls).toEqual(['open auto undefined', 'close 1', 'open auto undefined', 'close 2']);
  expect([log, said]).toEqual([[], ['device: device 1 (for the test)', 'device: device 2 (for the test)']]);
});

test('a usage error is one of commander, with its line', async () => {
  const wrong = runBody(async ({ usage }) => usage('give --this or --that'));
  await expect(wrong).rejects.toThrow(CommanderError);
  await expect(wrong).rejects.toThrow('error: give --this or --that');
});
