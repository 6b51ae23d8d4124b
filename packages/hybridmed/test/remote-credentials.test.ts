// A run on shards behind credentials: nothing that it writes or prints holds them.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writePhantoms } from '@hybridmed/phantoms';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const secret = 'c2VjcmV0LW9mLXRoZS1zZXJ2ZXI';
let server: Server;
let url = '';
const refused: string[] = [];

beforeAll(async () => {
  await writePhantoms(join(folder, 'set'), { studies: 40, size: 40 });
  const { code, log } = await run('data', 'pack', `phantom:${join(folder, 'set')}`, join(folder, 'shards'), '--size', '36', '--studies-per-shard', '20');
  expect(code, log).toBe(0);
  server = createServer((request, response) => {
    if (request.headers.authorization !== `Bearer ${secret}`) {
      refused.push(request.url ?? '');
      response.writeHead(403).end();
      return;
    }
    const bytes = readFileSync(join(folder, 'shards', (request.url ?? '').replace('/s/', '')));
    const [, first = '', last = ''] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    if (first === '') response.writeHead(200).end(bytes);
    else if (Number(first) >= bytes.length) response.writeHead(416).end();
    else response.writeHead(206, { 'content-range': `bytes ${first}-${last}/${bytes.length}` }).end(bytes.subarray(Number(first), Number(last) + 1));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  delete process.env['HYBRIDMED_HTTP_HEADERS'];
  server.close();
  remove();
});

/** Every file below a folder. */
const filesOf = (path: string): string[] =>
  readdirSync(path).flatMap((name) => (statSync(join(path, name)).isDirectory() ? filesOf(join(path, name)) : [join(path, name)]));

test('a run, its report and a check of its data hold no credential, nor does an error', async () => {
  const [headers, out] = [join(folder, 'headers.json'), join(folder, 'run')];
  const spec = `shards:${url}/s`;
  const without = await run('data', 'check', spec);
  expect([without.code, without.log]).toEqual([1, expect.stringContaining('the server answers 403')]);
  writeFileSync(headers, JSON.stringify({ [url]: { Authorization: `Bearer ${secret}` } }));
  refused.length = 0;
  const cpu = ['--device', 'cpu', '--threads', '1', '--http-headers', headers];
  const printed = [
    await run('pretrain', '--data', spec, '--preset', 'tiny', '--steps', '2,2', '--out', out, '--workers', '1', ...cpu),
    await run('report', out, '--device', 'cpu', '--threads', '1'),
    await run('evaluate', '--checkpoint', out, '--data', spec, '--parts', join(folder, 'parts'), '--part', '1/1', ...cpu),
    await run('data', 'check', spec, '--json', '--http-headers', headers),
  ];
  for (const { code, log } of printed) expect(code, log).toBe(0);
  expect(refused).toEqual([]);
  writeFileSync(headers, JSON.stringify({ [url]: { Authorization: `Basic ${secret}` } }));
  printed.push(await run('data', 'check', spec, '--http-headers', join(folder, 'none.json')));
  printed.push(await run('data', 'check', `shards:${url}/s?key=${secret}`));
  printed.push(
    await run('pretrain', '--data', `shards:http://user:${secret}@127.0.0.1/s`, '--preset', 'tiny', '--out', join(folder, 'never'), ...cpu.slice(0, 4)),
  );
  for (const { code } of printed.slice(4)) expect(code).toBe(1);
  expect(printed.map(({ out: result, log }) => result + log).join('')).not.toContain(secret);
  const written = [...filesOf(out), ...filesOf(join(folder, 'parts')), ...readdirSync(folder).filter((name) => name === 'never')];
  expect(written.length).toBeGreaterThan(10);
  for (const file of written) expect(readFileSync(file).includes(secret), file).toBe(false);
});
