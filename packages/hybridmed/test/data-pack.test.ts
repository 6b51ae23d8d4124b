import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readGrey, readSquare } from '@hybridmed/data';
import { writePhantoms } from '@hybridmed/phantoms';
import { encodePicture } from '@hybridmed/runtime/files';
import { afterAll, expect, test } from 'vitest';
import { run } from './support/output.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';

const { folder, remove } = temporaryFolder();
const cli = fileURLToPath(new URL('support/cli.ts', import.meta.url));
afterAll(remove);

const sha256 = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');
const list = (dir: string): string[] => (existsSync(dir) ? readdirSync(dir).toSorted() : []);
const archives = (dir: string): string[] => list(dir).filter((name) => name.endsWith('.tar'));
const contents = (dir: string) => Object.fromEntries(list(dir).map((name) => [name, sha256(join(dir, name))]));

/** Packs in a process of its own, and kills it with SIGKILL once there are so many shards. */
function pack(spec: string, out: string, killAt: number): Promise<number | null> {
  const flags = ['data', 'pack', spec, out, '--size', '48', '--studies-per-shard', '20', '--workers', '0'];
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx'), cli, ...flags], { stdio: 'ignore' });
    const timer = setInterval(() => {
      if (archives(out).length >= killAt) child.kill('SIGKILL');
    }, 2);
    child.on('close', (code) => {
      clearInterval(timer);
      resolve(code);
    });
  });
}

test('packing killed again and again leaves no shard that looks whole and is not, and ends with the very bytes', async () => {
  const spec = `phantom:${join(folder, 'set')}`;
  await writePhantoms(join(folder, 'set'), { studies: 240, size: 64 });
  const [whole, killed] = [join(folder, 'whole'), join(folder, 'killed')];
  const { code, out } = await run('data', 'pack', spec, whole, '--size', '48', '--studies-per-shard', '20', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ studies: 240, kept: 0, unreadable: [] });
  let ended: number | null = null;
  let kills = 0;
  for (const killAt of [1, 4, 8]) {
    ended = await pack(spec, killed, killAt);
    if (ended !== null) break;
    kills++;
    expect(existsSync(join(killed, 'manifest.json'))).toBe(false);
    for (const name of archives(killed)) expect(sha256(join(killed, name)), name).toBe(sha256(join(whole, name)));
    const checked = await run('data', 'check', `shards:${killed}`);
    expect(checked.code).toBe(1);
    expect(checked.log).toContain('run data pack again');
  }
  expect(kills).toBeGreaterThanOrEqual(2);
  const last = await run('data', 'pack', spec, killed, '--size', '48', '--studies-per-shard', '20');
  expect(last.code, last.log).toBe(0);
  expect(contents(killed)).toEqual(contents(whole));
});

test('a run on shards is the very run on the files they were packed from', async () => {
  const metrics = (dir: string) =>
    readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => {
        const { studiesPerSecond: _speed, residentMiB: _memory, time: _time, ...rest } = JSON.parse(line) as Record<string, unknown>;
        return rest;
      });
  const packed = join(folder, 'tiny');
  expect((await run('data', 'pack', `phantom:${join(folder, 'set')}`, packed, '--preset', 'tiny')).code).toBe(0);
  const train = async (spec: string, out: string, ...more: string[]) => {
    const flags = ['--preset', 'tiny', '--steps', '3,3', '--device', 'cpu', '--threads', '1'];
    const { code, log } = await run('pretrain', '--data', spec, ...flags, '--out', out, ...more);
    expect(code, log).toBe(0);
    return metrics(out);
  };
  const files = await train(`phantom:${join(folder, 'set')}`, join(folder, 'a'), '--workers', '0');
  expect(await train(`shards:${packed}`, join(folder, 'b'), '--workers', '1')).toEqual(files);
  const varied = await train(`shards:${packed}`, join(folder, 'c'), '--sampling', 'shard', '--augment', 'rotation=5,noise=0.01', '--workers', '0');
  expect(varied).not.toEqual(files);
  const order = ['--sampling', 'shard', '--workers', '0'];
  const buffered = await train(`shards:${packed}`, join(folder, 'd'), ...order);
  expect(await train(`shards:${packed}`, join(folder, 'e'), ...order, '--shuffle-buffer', '4')).not.toEqual(buffered);
  const unused = await run(
    'pretrain',
    '--data',
    `shards:${packed}`,
    '--preset',
    'tiny',
    '--shuffle-buffer',
    '4',
    '--out',
    join(folder, 'f'),
    '--device',
    'cpu',
  );
  expect([unused.code, unused.log]).toEqual([1, expect.stringContaining('"shuffleBuffer" is that of "sampling": "shard", not of "shuffle"')]);
});

test('render writes the grey levels themselves, or the padded square', async () => {
  const [file, out] = [join(folder, 'tall.png'), join(folder, 'out', 'shown.png')];
  const pixels = Uint8Array.from({ length: 40 }, (_, i) => 6 * i);
  mkdirSync(join(folder, 'out'));
  writeFileSync(file, await encodePicture({ width: 4, height: 10, channels: 1, pixels }, 'png'));
  expect(JSON.parse((await run('data', 'render', file, '--out', out, '--json')).out)).toEqual({ file, out, width: 4, height: 10 });
  expect((await readGrey(out)).pixels).toEqual(pixels);
  expect((await run('data', 'render', file, '--out', out, '--size', '10')).out).toBe(`${out}: 10 x 10 pixels\n`);
  expect((await readGrey(out)).pixels).toEqual(await readSquare(file, 10));
  expect(readdirSync(join(folder, 'out'))).toEqual(['shown.png']);
});

test('wrong use of pack and render, and what they refuse', async () => {
  for (const [args, word] of [
    [['data', 'pack', 'phantom:x'], "missing required argument 'out'"],
    [['data', 'pack', 'phantom:x', 'y', '--size', '5000'], '8 to 4096'],
    [['data', 'pack', 'phantom:x', 'y', '--preset', 'huge'], '--preset'],
    [['data', 'render', 'x.dcm'], "required option '--out <png>'"],
    [['data', 'render', 'x.dcm', '--out', 'y.png', '--size', '0'], '--size'],
    [['pretrain', '--data', 'phantom:x', '--out', 'y', '--augment', 'rotation'], 'NAME=NUMBER'],
    [['pretrain', '--data', 'phantom:x', '--out', 'y', '--augment', 'mirror=1'], 'augment'],
  ] as const) {
    const { code, out, log } = await run(...args);
    expect(code, log).toBe(2);
    expect(out).toBe('');
    expect(log).toContain(word);
  }
  const fails = async (...args: string[]) => {
    const { code, log } = await run(...args);
    expect(code).toBe(1);
    return log;
  };
  expect(await fails('data', 'pack', `phantom:${folder}/none`, join(folder, 'out'))).toContain('none');
  expect(await fails('data', 'pack', `phantom:${folder}/set`, join(folder, 'set'))).toContain('holds something else');
  expect(await fails('data', 'render', join(folder, 'none.dcm'), '--out', join(folder, 'none.png'))).toContain('does not exist');
  expect(existsSync(join(folder, 'none.png'))).toBe(false);
});
