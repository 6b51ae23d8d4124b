import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { visible } from '../src/cli/output.ts';
import { run } from './support/output.ts';
import { fails } from './support/trained.ts';

describe('usage errors', () => {
  test.each([
    [['pretain'], "unknown command 'pretain'", 'Did you mean pretrain?'],
    [['pretrain', '--dta', 'x'], "unknown option '--dta'", 'Did you mean --data?'],
    [['pretrain', '--batch', 'many', '--data', 'x'], "option '--batch <n>'", 'whole number, 1 or more'],
    [['pretrain', '--epochs', '3', '--data', 'x'], "option '--epochs <[l,]a,b>'", 'A,B'],
    [['pretrain', '--data', 'phantom:x'], "required option '--out <dir>'", 'not specified'],
    [['pretrain', '--out', 'x'], "required option '--data <spec>'", 'not specified'],
    [['pretrain', '--learning-rate', '0', '--data', 'x', '--out', 'y'], '--learning-rate', '0'],
    [['pretrain', '--augment', 'rotate=5', '--data', 'x', '--out', 'y'], '--augment', 'rotate'],
    [['pretrain', '--data', 'x', '--out', ''], "option '--out <dir>'", 'Give a value'],
    [['pretrain', 'more', '--data', 'x', '--out', 'y'], 'too many arguments', ''],
    [['info', ''], "argument 'dir'", 'Give a value'],
    [['generate', '--checkpoint', 'x', '--image', 'y', '--search', 'beam', '--beams', '1000000'], "option '--beams <n>'", '1 to 64'],
    [['generate', '--checkpoint', 'x', '--image', 'y', '--search', 'nucleus', '--p', '2'], "option '--p <mass>'", 'up to 1'],
    [['generate', '--checkpoint', 'x', '--image', 'y', '--search', 'nucleus', '--temperature', '0'], "option '--temperature <x>'", 'above 0'],
    [['verify', '.', '--device', 'abacus'], "option '--device <name>'", 'cpu'],
    [['generate', '--checkpoint', 'x'], 'give either --image', '--findings'],
    [['demo', '--epochs', '3', '--out', '/nowhere/demo'], "option '--epochs <[l,]a,b>'", 'A,B'],
    [['info'], "missing required argument 'dir'", ''],
    [['data', 'check', 'x', '--views', 'side'], "option '--views <views>'", 'frontal'],
  ])('%j ends with 2 and one line', async (args, first, second) => {
    const { code, out, log } = await run(...args);
    expect(code, log).toBe(2);
    expect(out).toBe('');
    expect(log).toContain(first);
    expect(log).toContain(second);
  });

  test.each([
    [['pretrain', '--batch', '0', '--json'], 2, '--batch'],
    [['pretrian', '--json'], 2, 'pretrian'],
    [['info', '/nowhere', '--json'], 1, '/nowhere: is not a folder'],
    [['data', 'check', 'phantom:/nowhere', '--json'], 1, '/nowhere'],
  ])('with --json, %j says so in one document', async (args, expected, words) => {
    const { code, out } = await run(...args);
    expect(code).toBe(expected);
    const document = JSON.parse(out);
    expect(Object.keys(document)).toEqual(['error']);
    expect(document.error).toContain(words);
    expect(document.error).not.toMatch(/^error:/);
  });

  test('help and version end with 0, on standard output', async () => {
    const [help, version] = [await run('pretrain', '--help'), await run('--version')];
    expect(help.code).toBe(0);
    expect(help.out).toContain('--stage1 <run>');
    const [bare, ...rest] = version.out.trim().split('\n');
    expect(bare).toMatch(/^\d+\.\d+\.\d+$/);
    expect(rest.join('\n')).toMatch(/^Node +v\d+[\s\S]*\nlibraries +onnxruntime-node \d[\s\S]*\ndevice cpu +ready: [\s\S]*\nauto selects +\w+$/);
  });
});

test('devices says what auto takes and why', async () => {
  const { code, out } = await run('devices', '--json');
  expect(code).toBe(0);
  const { devices, auto, reason } = JSON.parse(out);
  expect(devices.map(({ kind }: { kind: string }) => kind)).toEqual(['webgpu', 'cpu', 'gpujs']);
  expect(devices.find(({ kind }: { kind: string }) => kind === auto)).toMatchObject({ available: true });
  expect(reason.length).toBeGreaterThan(10);
});

test('where a device computes in f32 alone, one line says so', async () => {
  const folder = join(import.meta.dirname, 'support');
  await fails(
    ['evaluate', '--checkpoint', folder, '--data', 'phantom:nowhere', '--device', 'cpu', '--precision', 'mixed'],
    'cpu: computes in f32; mixed precision needs --device webgpu and an adapter',
  );
  await fails(['pretrain', '--data', 'phantom:nowhere', '--out', join(folder, 'never'), '--device', 'gpujs', '--precision', 'mixed'], 'gpujs: computes in f32');
  expect(existsSync(join(folder, 'never'))).toBe(false);
});

test('control characters of files are shown, not sent', () => {
  expect(visible('\u001b]0;title\u0007 \u009b31m \u202e\tkept\n')).toBe('\\u001b]0;title\\u0007 \\u009b31m \\u202e\tkept\n');
});
