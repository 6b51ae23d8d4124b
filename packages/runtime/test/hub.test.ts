// Models of a hub: a download is resumed, verified, locked and laid out as Python has it; nothing that a server says leads out of the cache or gets the token.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { onDownload } from '@hybridmed/runtime/downloads';
import type { DownloadEvent } from '@hybridmed/runtime/downloads';
import type { HubMeans } from '@hybridmed/runtime/hub';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import { forgetHub, localPath, pinHubName } from '../src/hub/local-path.ts';
import { temporaryFolder } from '../../../tools/support/phantoms.ts';
import type { Hooks } from './support/hub-server.ts';
import { gitHash, hubServer, otherHost, sendContent, sha256 } from './support/hub-server.ts';

const { folder, remove } = temporaryFolder();
afterAll(remove);

const commit = 'c'.repeat(40);
const text = (content: string) => ({ content: Buffer.from(content) });
const weights = Buffer.alloc(300_000, 0).map((_, i) => (i * 2654435761) >>> 13);
const bert = {
  'config.json': text('{"model_type":"bert"}'),
  'vocab.txt': text('[PAD]\n[UNK]\n'),
  'tokenizer_config.json': text('{}'),
  '1_Pooling/config.json': text('{"word_embedding_dimension":4}'),
  'model.safetensors': { content: Buffer.from(weights), large: true },
  'pytorch_model.bin': { content: Buffer.from('pickle'), large: true },
  'modeling_custom.py': text('import os'),
  'README.md': text('# model'),
  'onnx/model.onnx': { content: Buffer.from('graph'), large: true },
};

let server: Awaited<ReturnType<typeof hubServer>>;
let cache: string;
let events: DownloadEvent[];
let ends: (() => void | Promise<void>)[];
beforeEach(() => {
  cache = join(folder, createHash('sha1').update(expect.getState().currentTestName!).digest('hex').slice(0, 8));
  [events, ends] = [[], [onDownload((event) => events.push(event))]];
  forgetHub();
});
afterEach(async () => {
  for (const end of ends) await end();
});

const serve = async (models: Parameters<typeof hubServer>[0] = { 'org/bert': bert }, hooks: Hooks = {}) => {
  server = await hubServer(models, hooks);
  ends.push(server.close);
};
const means = (more: Record<string, string> = {}, own: HubMeans['means'] = {}): HubMeans => ({
  env: { HF_ENDPOINT: server.address, HF_HUB_CACHE: cache, ...more },
  means: { retryMs: 1, ...own },
});
const get = (name: string, more?: Record<string, string>, own?: HubMeans['means']) => localPath(name, { kind: 'model' }, means(more, own));
const failure = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => `no failure: ${String(value)}`,
    (error: Error) => error.message,
  );
const model = (): string => join(cache, 'models--org--bert');
const asked = (part: string) => server.asked.filter(({ path }) => path.includes(part));

test('a model is downloaded into the layout of huggingface_hub: what is needed, and no pickle, code or other export', async () => {
  await serve();
  const path = await get('hf://org/bert');
  expect(path).toBe(join(model(), 'snapshots', commit));
  const needed = ['1_Pooling/config.json', 'config.json', 'model.safetensors', 'tokenizer_config.json', 'vocab.txt'];
  expect(readdirSync(path, { recursive: true }).toSorted()).toEqual(['1_Pooling', ...needed]);
  expect(readlinkSync(join(path, 'config.json'))).toBe(`../../blobs/${gitHash(bert['config.json'].content)}`);
  expect(readlinkSync(join(path, '1_Pooling/config.json'))).toBe(`../../../blobs/${gitHash(bert['1_Pooling/config.json'].content)}`);
  expect(readlinkSync(join(path, 'model.safetensors'))).toBe(`../../blobs/${sha256(Buffer.from(weights))}`);
  expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
  expect(readFileSync(join(model(), 'refs/main'), 'utf8')).toBe(commit);
  expect(readdirSync(join(model(), 'blobs'))).toHaveLength(5);
  expect(readdirSync(join(cache, '.locks/models--org--bert'))).toEqual([]);
  expect(Object.keys((JSON.parse(readFileSync(join(model(), 'trees', `${commit}.json`), 'utf8')) as { files: object }).files)).toHaveLength(9);
  expect(events.filter(({ kind }) => kind === 'message')).toEqual([{ kind: 'message', text: `downloading hf://org/bert@${commit}: 5 files, 301 kB` }]);
  expect(events.findLast(({ kind }) => kind === 'progress')).toMatchObject({ bytes: weights.length, totalBytes: weights.length });
});

test('a second process asks for the commit alone, one with the commit for nothing', async () => {
  await serve();
  const path = await get('hf://org/bert@main');
  for (const [name, requests] of [
    ['hf://org/bert', 1],
    [`hf://org/bert@${commit}`, 0],
  ] as const) {
    server.asked.length = 0;
    forgetHub();
    expect(await get(name)).toBe(path);
    expect(server.asked).toHaveLength(requests);
  }
});

test('a local path, and hf:FOLDER without its prefix, asks nobody', async () => {
  await serve();
  for (const path of ['runs/openi', '/abs', '//abs/x', 'hf', 'http://x/y', 's3://org/name']) expect(await get(path)).toBe(path);
  expect(server.asked).toEqual([]);
});

test('a file or a folder of a model is named, with what is read beside it; a tokenizer comes without weights', async () => {
  const parts = {
    'a/x.safetensors': { content: Buffer.from(weights), large: true },
    'a/x.json': text('{}'),
    'a/preprocessor_config.json': text('{}'),
    'b.json': text('1'),
  };
  await serve({ 'org/bert': { ...bert, ...parts } });
  expect(await get('hf://org/bert@main/a/x.safetensors')).toBe(join(model(), 'snapshots', commit, 'a/x.safetensors'));
  expect(readdirSync(join(model(), 'snapshots', commit), { recursive: true }).toSorted()).toEqual([
    'a',
    'a/preprocessor_config.json',
    'a/x.json',
    'a/x.safetensors',
  ]);
  expect(await localPath('hf://org/bert', { kind: 'tokenizer' }, means())).toBe(join(model(), 'snapshots', commit));
  expect(readdirSync(join(model(), 'snapshots', commit)).toSorted()).toEqual(['a', 'tokenizer_config.json', 'vocab.txt']);
  expect(await failure(get('hf://org/bert/pytorch_model.bin'))).toBe(
    `hf://org/bert@${commit}: pytorch_model.bin is no .safetensors, .json or .txt file; pickles and code are not downloaded; name another model or file`,
  );
  expect(await failure(get('hf://org/bert/absent'))).toContain('has no file or folder "absent"');
});

test('shards, exports and runs: what their folders consist of', async () => {
  const shard = { content: Buffer.from(weights), large: true };
  const checkpoint = (stage: number) =>
    Object.fromEntries(
      ['config.json', 'tokenizer.json', 'model.safetensors', 'extra.bin'].map((name) => [`checkpoints/stage${stage}-best/${name}`, text(`${name} ${stage}`)]),
    );
  await serve({
    'org/shards': {
      'config.json': text('{}'),
      'model.safetensors.index.json': text('{}'),
      'model-00001-of-00002.safetensors': shard,
      'model-00002-of-00002.safetensors': shard,
      'other.safetensors': shard,
    },
    'org/export': {
      'export.json': text('{}'),
      'tokenizer.json': text('{}'),
      'caption/step.onnx': text('g'),
      'caption/step.onnx.data': text('d'),
      'model.safetensors': shard,
    },
    'org/run': { ...checkpoint(1), ...checkpoint(2), 'run.json': text('{}'), 'metrics.jsonl': text('{}') },
    'org/pickle': { 'config.json': text('{}'), 'pytorch_model.bin': text('p') },
  });
  const files = async (name: string, stage?: 1) => {
    forgetHub();
    const path = await localPath(name, { kind: 'model', stage }, means());
    return readdirSync(path, { recursive: true, withFileTypes: true })
      .flatMap((entry) => (entry.isDirectory() ? [] : [join(entry.parentPath, entry.name).slice(path.length + 1)]))
      .toSorted();
  };
  expect(await files('hf://org/shards')).toEqual([
    'config.json',
    'model-00001-of-00002.safetensors',
    'model-00002-of-00002.safetensors',
    'model.safetensors.index.json',
  ]);
  expect(await files('hf://org/export')).toEqual(['caption/step.onnx', 'caption/step.onnx.data', 'export.json', 'tokenizer.json']);
  const of = (stage: number) => ['config.json', 'model.safetensors', 'tokenizer.json'].map((name) => `checkpoints/stage${stage}-best/${name}`);
  expect(await files('hf://org/run')).toEqual([...of(2), 'run.json']);
  expect(await files('hf://org/run', 1)).toEqual([...of(1), ...of(2), 'run.json']);
  expect(await failure(get('hf://org/pickle'))).toContain('holds its weights as a pickle alone (pytorch_model.bin), and reading one can run any code');
});

test('a broken connection is continued by a range, in this process and by the next one', async () => {
  let cuts = 2;
  await serve(undefined, {
    resolve: (path, request, response) =>
      path === 'model.safetensors' && cuts-- > 0 && (sendContent(request, response, Buffer.from(weights), { cutAfter: 100_000 }), true),
  });
  const path = await get('hf://org/bert');
  expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
  expect(
    asked('/resolve/')
      .filter((each) => each.path.endsWith('model.safetensors'))
      .map(({ range }) => range),
  ).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);

  // A process that was killed has left a part: the next one continues it.
  const blob = join(model(), 'blobs', sha256(Buffer.from(weights)));
  for (const file of [blob, join(path, 'model.safetensors')]) rmSync(file);
  writeFileSync(`${blob}.hybridmed.incomplete`, weights.subarray(0, 250_000));
  [server.asked.length, cuts] = [0, 0];
  forgetHub();
  expect(readFileSync(join(await get('hf://org/bert'), 'model.safetensors')).equals(weights)).toBe(true);
  expect(asked('/resolve/').map(({ range }) => range)).toEqual(['bytes=250000-']);
  expect(existsSync(`${blob}.hybridmed.incomplete`)).toBe(false);
});

test('a part that is damaged, or that the server cannot continue, is downloaded again', async () => {
  await serve();
  const blob = join(model(), 'blobs', sha256(Buffer.from(weights)));
  mkdirSync(join(model(), 'blobs'), { recursive: true });
  writeFileSync(`${blob}.hybridmed.incomplete`, Buffer.alloc(1000, 7));
  expect(readFileSync(join(await get('hf://org/bert'), 'model.safetensors')).equals(weights)).toBe(true);

  for (const file of [blob, join(model(), 'snapshots', commit, 'model.safetensors')]) rmSync(file);
  writeFileSync(`${blob}.hybridmed.incomplete`, weights.subarray(0, 1000));
  server.hooks.resolve = (path, _, response) =>
    path === 'model.safetensors' && (response.writeHead(200, { 'content-length': weights.length }).end(weights), true);
  forgetHub();
  expect(readFileSync(join(await get('hf://org/bert'), 'model.safetensors')).equals(weights)).toBe(true);
});

test('bytes of another hash never get the name: of a large file and of one that git holds', async () => {
  for (const [path, content] of [
    ['model.safetensors', Buffer.alloc(weights.length, 1)],
    ['config.json', Buffer.from('{"model_type":"evil"}')],
  ] as const) {
    rmSync(cache, { recursive: true, force: true });
    forgetHub();
    await serve(undefined, { resolve: (asking, request, response) => asking === path && (sendContent(request, response, content), true) });
    expect(await failure(get('hf://org/bert'))).toMatch(`hf://org/bert@${commit}/${path}: what the hub sends does not have the hash that it lists`);
    const { content: right } = bert[path];
    const name = path === 'config.json' ? gitHash(right) : sha256(right);
    expect(readdirSync(join(model(), 'blobs')).filter((each) => each.startsWith(name))).toEqual([]);
    expect(existsSync(join(model(), 'snapshots', commit, path))).toBe(false);
    expect(existsSync(join(model(), 'refs/main'))).toBe(false);
  }
});

test('more bytes than are listed, another length, and a file that ends early are refused', async () => {
  await serve(undefined, { resolve: (path, _, response) => path === 'config.json' && (response.writeHead(200).end(Buffer.alloc(1e6)), true) });
  expect(await failure(get('hf://org/bert'))).toContain('sends more than the 21 bytes that it lists');
  server.hooks.resolve = (path, _, response) => path === 'config.json' && (response.writeHead(200, { 'content-length': 5 }).end('12345'), true);
  expect(await failure(get('hf://org/bert'))).toContain('sends 5 bytes of a file that it lists with 21');
  server.hooks.resolve = (path, request, response) =>
    path === 'config.json' && (request.headers.range ? response.destroy() : response.writeHead(200).end('{"model'), true);
  expect(await failure(get('hf://org/bert', {}, { tries: 2 }))).toContain('cannot be reached');
});

test('a hub that stalls is given up after a while, and asked again', async () => {
  let stalls = 1;
  await serve(undefined, {
    resolve: (path, _, response) =>
      path === 'model.safetensors' && stalls-- > 0 && (response.writeHead(200, { 'content-length': weights.length }).write(weights.subarray(0, 5000)), true),
  });
  const path = await get('hf://org/bert', {}, { stallMs: 200 });
  expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
});

test('the token goes to the endpoint alone: not to another host that it redirects to, and not back from there', async () => {
  const token = 'hf_secretsecret';
  const storage = await otherHost((request, response) => {
    if (request.url!.startsWith('/back')) response.writeHead(302, { location: `${server.address}/org/bert/resolve/${commit}/config.json?again` }).end();
    else sendContent(request, response, Buffer.from(weights));
  });
  ends.push(storage.close);
  await serve(undefined, {
    resolve: (path, request, response) => {
      if (path === 'config.json' && request.url!.includes('again')) return false;
      const location =
        path === 'model.safetensors' ? `${storage.address}/blob?signature=topsecret` : path === 'config.json' ? `${storage.address}/back` : undefined;
      if (location !== undefined) response.writeHead(302, { location }).end();
      return location !== undefined;
    },
  });
  expect(readFileSync(join(await get('hf://org/bert', { HF_TOKEN: token }), 'model.safetensors')).equals(weights)).toBe(true);
  expect(storage.asked).toHaveLength(2);
  expect(storage.asked.map(({ authorization }) => authorization)).toEqual([undefined, undefined]);
  const own = server.asked.map(({ authorization }) => authorization);
  expect(own.filter((each) => each === `Bearer ${token}`)).toHaveLength(own.length - 1);
  expect(server.asked.filter(({ authorization }) => authorization === undefined).map(({ path }) => path)).toEqual([`/org/bert/resolve/${commit}/config.json`]);
  const everything = [
    JSON.stringify(events),
    ...readdirSync(cache, { recursive: true, withFileTypes: true })
      .filter((each) => each.isFile())
      .map((each) => readFileSync(join(each.parentPath, each.name), 'latin1')),
  ];
  expect(everything.some((each) => each.includes(token))).toBe(false);
});

test('no message repeats a token, an address with a signature, or what an endpoint holds', async () => {
  const token = 'hf_secretsecret';
  await serve();
  const [signature, moved] = ['topsecret', new Map<string, string>()];
  server.hooks.resolve = (path, _, response) => (response.writeHead(302, { location: moved.get('to')! }).end(), path !== '');
  const said: string[] = [];
  for (const to of [
    `http://127.0.0.1:1/x?signature=${signature}`,
    `ftp://x/${signature}`,
    `file:///etc/${signature}`,
    'http://',
    `${server.address}/org/bert/resolve/${commit}/loop`,
  ]) {
    moved.set('to', to);
    said.push(await failure(get('hf://org/bert', { HF_TOKEN: token }, { tries: 1 })));
  }
  expect(said.map((line) => /cannot be reached|redirects to no address|redirects/.exec(line)?.[0])).toEqual([
    'cannot be reached',
    ...Array<string>(3).fill('redirects to no address'),
    'redirects',
  ]);
  for (const [key, value] of [
    ['HF_TOKEN', `${token}\nx`],
    ['HF_ENDPOINT', `https://me:${token}@host`],
    ['HF_ENDPOINT', `${token}`],
    ['HF_ENDPOINT', `file:///${token}`],
  ] as const)
    said.push(await failure(get('hf://org/bert', { [key]: value })));
  expect(said.slice(5).map((line) => line.split(':')[0])).toEqual(['HF_TOKEN', 'HF_ENDPOINT', 'HF_ENDPOINT', 'HF_ENDPOINT']);
  for (const line of said) expect(line).not.toMatch(/secret|\n/);
});

test('a list of files that continues on another host is refused', async () => {
  const other = await otherHost((_, response) => response.end('[]'));
  ends.push(other.close);
  await serve(undefined, {});
  const relay = await otherHost((request, response) => {
    if (request.url!.includes('/tree/')) response.writeHead(200, { link: `<${other.address}/next>; rel="next"` }).end('[]');
    else response.end(JSON.stringify({ sha: commit }));
  });
  ends.push(relay.close);
  expect(await failure(get('hf://org/bert', { HF_ENDPOINT: relay.address, HF_TOKEN: 'hf_x' }))).toContain('continues its list of files on another host');
  expect(other.asked).toEqual([]);
});

test('paths, hashes and sizes that a server makes up never leave the folder, and are refused before the first byte', async () => {
  await serve();
  const entry = { type: 'file', path: 'model.safetensors', size: 3, oid: 'a'.repeat(40) };
  const evil = [
    '../../x',
    '/etc/passwd',
    'a/../../x',
    'a\\..\\x',
    'C:\\x',
    'c:x',
    'a\0b',
    'a//b',
    './x',
    'a/.',
    '..',
    '',
    'x\n',
    'aux.',
    `${'a/'.repeat(600)}b`,
  ];
  for (const path of evil) {
    server.hooks.list = () => [entry, { ...entry, path }];
    expect(await failure(get('hf://org/bert')), path).toContain('may lie outside its folder; nothing was downloaded');
  }
  for (const [change, reason] of [
    [{ oid: '../../../x' }, 'gives no git hash'],
    [{ lfs: { oid: '../x', size: 3 } }, `the hub's answer is none: "0.lfs.oid"`],
    [{ size: -1 }, `the hub's answer is none: "0.size"`],
    [{ lfs: { oid: 'b'.repeat(64), size: 2 ** 40 } }, 'more than 68.72 GB'],
    [{ path: 'model.safetensors', size: 2 ** 40 }, 'more than 68.72 GB'],
    [{ xetHash: 'b'.repeat(64) }, 'lists no SHA-256 of model.safetensors'],
  ] as const) {
    rmSync(cache, { recursive: true, force: true });
    server.hooks.list = () => [{ ...entry, ...change }];
    expect(await failure(get('hf://org/bert'))).toContain(reason);
  }
  server.hooks.list = () => [entry, { ...entry, path: 'config.json', size: 2 ** 30 }];
  rmSync(cache, { recursive: true, force: true });
  expect(await failure(get('hf://org/bert'))).toContain('config.json has 1.07 GB, more than 268.4 MB');
  forgetHub();
  server.hooks.commit = () => '../../x';
  expect(await failure(get('hf://org/bert'))).toContain(`the hub's answer is none: "sha"`);
  expect(asked('/resolve/')).toEqual([]);
  expect(existsSync(join(model(), 'blobs'))).toBe(false);
});

test('names that lead out of the cache, or are none, are refused without asking', async () => {
  await serve();
  const wrong = [
    'hf://',
    'hf://org',
    'hf://org/',
    'hf://../x',
    'hf://org/..',
    'hf://org/a--b',
    'hf://org/x.git',
    'hf://o rg/x',
    'hf://org/x@',
    'hf://org/x@../y',
    'hf://org/x@a%2F..%2F..',
    'hf://org/x@main/../y',
    'hf://org/x//y',
    'hf://org/x/a\\b',
    'hf://org/x/\0',
    'hf://org/x@%2Fetc',
    'hf://user:p@host/x',
  ];
  for (const name of wrong)
    expect(await failure(get(name)), name).toMatch(/; write hf:\/\/org\/name, hf:\/\/org\/name@revision or hf:\/\/org\/name@revision\/file$/);
  expect(server.asked).toEqual([]);
  expect(await pinHubName('hf://org/bert@main/a', means())).toBe(`hf://org/bert@${commit}/a`);
});

test('no space: said before the first byte, and where the disk fills up on the way; the download is continued later', async () => {
  await serve();
  expect(await failure(get('hf://org/bert', {}, { freeBytes: () => Promise.resolve(1000) }))).toBe(
    `hf://org/bert@${commit}: needs 301 kB, and ${cache} has 1 kB free; free space, or name another cache with HF_HOME`,
  );
  expect(asked('/resolve/')).toEqual([]);
  let room = 150_000;
  const full: HubMeans['means'] = {
    async open(path, flags) {
      const file = await open(path, flags);
      return {
        write: async (...[data, offset, length, position]: [Uint8Array, number, number, number]) => {
          if ((room -= length) < 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
          return file.write(data, offset, length, position);
        },
        truncate: (length: number) => file.truncate(length),
        sync: () => file.sync(),
        close: () => file.close(),
      } as never;
    },
  };
  expect(await failure(get('hf://org/bert', {}, full))).toMatch(
    /no space left for a download; free space, or name another cache with HF_HOME, and run again: it continues where it stopped$/,
  );
  const part = lstatSync(join(model(), 'blobs', `${sha256(Buffer.from(weights))}.hybridmed.incomplete`)).size;
  expect(part).toBeGreaterThan(0);
  server.asked.length = 0;
  await get('hf://org/bert');
  expect(asked('/resolve/').map(({ range }) => range)).toEqual([`bytes=${part}-`]);
});

test('offline and without a network: what is in the cache, or one line', async () => {
  await serve();
  const offline = { HF_HUB_OFFLINE: '1' };
  expect(await failure(get('hf://org/bert', offline))).toBe(
    `hf://org/bert@main: is not in the cache (${cache}), and HF_HUB_OFFLINE is set; unset it to download, or name another cache with HF_HOME`,
  );
  const path = await get('hf://org/bert');
  server.asked.length = 0;
  expect(await get('hf://org/bert', offline)).toBe(path);
  expect(await get(`hf://org/bert@${commit}`, offline)).toBe(path);
  expect(await failure(get('hf://org/bert@v2', offline))).toContain('is not in the cache');
  // What Python has downloaded has no list of files: what lies there is what there is.
  rmSync(join(model(), 'trees'), { recursive: true });
  forgetHub();
  expect(await get('hf://org/bert', offline)).toBe(path);
  expect(server.asked).toEqual([]);
  rmSync(join(path, 'vocab.txt'));
  expect(await failure(localPath('hf://org/bert', { kind: 'tokenizer' }, means(offline)))).toContain(
    'holds no tokenizer.json and no vocab.txt; unset HF_HUB_OFFLINE',
  );

  forgetHub();
  await get('hf://org/bert');
  const gone = await otherHost(() => undefined);
  await gone.close();
  const away = { HF_ENDPOINT: gone.address };
  expect(await get('hf://org/bert', away)).toBe(path);
  expect(events.at(-1)).toMatchObject({
    kind: 'message',
    text: expect.stringMatching(`cannot be reached .*; the commit of the last download is used: ${commit}`) as string,
  });
  expect(await failure(get('hf://org/other', away))).toMatch(/cannot be reached \(ECONNREFUSED\); check the network and HF_ENDPOINT/);
  // A file that is missing of a list that is known.
  rmSync(join(path, 'vocab.txt'));
  forgetHub();
  expect(await failure(get('hf://org/bert', offline))).toContain('vocab.txt is not in the cache');
});

test('what is no model, and what needs access, is said in one line', async () => {
  await serve();
  expect(await failure(get('hf://org/none'))).toContain('the hub refuses access (401), or there is no such model');
  expect(await failure(get('hf://org/bert@v9'))).toBe('hf://org/bert@v9: has no such revision; check the name after @');
  server.hooks.resolve = (_, __, response) => (response.writeHead(403, { 'x-error-code': 'GatedRepo' }).end(), true);
  expect(await failure(get('hf://org/bert'))).toContain('its owners have to grant access');
  server.hooks.resolve = (_, __, response) => (response.writeHead(503).end(), true);
  expect(await failure(get('hf://org/bert', {}, { tries: 2 }))).toContain('the hub answers 503; try again later');
  server.hooks.list = () => 'x'.repeat(2 ** 26);
  rmSync(cache, { recursive: true, force: true });
  expect(await failure(get('hf://org/bert'))).toContain("the hub's answer has more than 32 MiB");
});

test('a branch that moves: a new snapshot beside the old one, with equal files once', async () => {
  await serve();
  const models = { 'org/bert': { ...bert, 'config.json': text('{"model_type":"bert", "new": 1}') } };
  const first = await get('hf://org/bert');
  await server.close();
  await serve(models, { commit: () => 'd'.repeat(40) });
  forgetHub();
  const second = await get('hf://org/bert');
  expect(second).not.toBe(first);
  expect(asked('/resolve/').map(({ path }) => path.split('/').at(-1))).toEqual(['config.json']);
  expect(readFileSync(join(first, 'config.json'), 'utf8')).not.toBe(readFileSync(join(second, 'config.json'), 'utf8'));
  expect(readFileSync(join(model(), 'refs/main'), 'utf8')).toBe('d'.repeat(40));
});

const child = join(import.meta.dirname, 'support/hub-download.ts');
const node = ['--conditions', 'hybridmed-source', '--import', 'tsx', child];

test("two processes at once download a file once; a lock whose holder was killed is nobody's", { timeout: 60_000 }, async () => {
  await serve();
  const lock = join(cache, '.locks/models--org--bert', `${sha256(Buffer.from(weights))}.hybridmed.lock`);
  mkdirSync(join(lock, '..'), { recursive: true });
  writeFileSync(lock, 'cut off');
  const before = new Date(Date.now() - 120_000);
  utimesSync(lock, before, before);
  server.hooks.resolve = (path, request, response) =>
    path === 'model.safetensors' && (setTimeout(() => sendContent(request, response, Buffer.from(weights)), 1500), true);
  const env = { ...process.env, HF_ENDPOINT: server.address, HF_HUB_CACHE: cache };
  const ran = await Promise.all([1, 2].map(() => promisify(execFile)(process.execPath, [...node, 'hf://org/bert'], { env })));
  for (const { stdout } of ran) expect(stdout.trim()).toBe(join(model(), 'snapshots', commit));
  expect(asked('model.safetensors')).toHaveLength(1);
  expect(readdirSync(join(lock, '..'))).toEqual([]);
});

const python = process.env.HYBRIDMED_HUB_PYTHON;
const script = `
import json, os, sys
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache
files = ["config.json", "model.safetensors", "1_Pooling/config.json"]
info = scan_cache_dir(os.environ["HF_HUB_CACHE"])
print(json.dumps({
  "files": [hf_hub_download("org/bert", name) for name in files],
  "at": hf_hub_download("org/bert", "config.json", revision="${commit}"),
  "known": try_to_load_from_cache("org/bert", "vocab.txt"),
  "warnings": [str(w) for w in info.warnings],
  "repos": [[r.repo_id, r.nb_files, [[v.commit_hash, sorted(v.refs)] for v in r.revisions]] for r in info.repos],
}))`;

test.skipIf(!python)(
  `Python's huggingface_hub finds it offline${python ? '' : ' (needs HYBRIDMED_HUB_PYTHON, a Python with huggingface_hub)'}`,
  { timeout: 60_000 },
  async () => {
    await serve();
    const path = await get('hf://org/bert');
    const env = { ...process.env, HF_HUB_CACHE: cache, HF_HUB_OFFLINE: '1', HF_ENDPOINT: 'http://127.0.0.1:9' };
    const said = JSON.parse(execFileSync(python!, ['-c', script], { env, encoding: 'utf8' })) as object;
    expect(said).toEqual({
      files: ['config.json', 'model.safetensors', '1_Pooling/config.json'].map((name) => join(path, name)),
      at: join(path, 'config.json'),
      known: join(path, 'vocab.txt'),
      warnings: [],
      repos: [['org/bert', 5, [[commit, ['main']]]]],
    });
  },
);

test.skipIf(!python)(
  `what Python's huggingface_hub has downloaded is found${python ? '' : ' (needs HYBRIDMED_HUB_PYTHON, a Python with huggingface_hub)'}`,
  { timeout: 60_000 },
  async () => {
    await serve();
    const own = await get('hf://org/bert');
    // Python asks for single files with HEAD, which a hub answers with their hashes: the snapshot is laid out by its own functions instead.
    const other = join(folder, 'python-cache');
    const lay = `
import os, sys, shutil
from huggingface_hub import file_download as f
root = os.path.join(sys.argv[1], f.repo_folder_name(repo_id="org/bert", repo_type="model"))
for name in ["config.json", "model.safetensors", "vocab.txt"]:
    real = os.path.realpath(os.path.join(sys.argv[2], name))
    blob = os.path.join(root, "blobs", os.path.basename(real))
    pointer = f._get_pointer_path(root, "${commit}", name)
    os.makedirs(os.path.dirname(blob), exist_ok=True); os.makedirs(os.path.dirname(pointer), exist_ok=True)
    shutil.copyfile(real, blob); f._create_symlink(blob, pointer, new_blob=True)
f._cache_commit_hash_for_specific_revision(root, "main", "${commit}")`;
    execFileSync(python!, ['-c', lay, other, own]);
    server.asked.length = 0;
    forgetHub();
    expect(await get('hf://org/bert', { HF_HUB_CACHE: other, HF_HUB_OFFLINE: '1' })).toBe(join(other, 'models--org--bert/snapshots', commit));
    expect(await get('hf://org/bert', { HF_HUB_CACHE: other })).toBe(join(other, 'models--org--bert/snapshots', commit));
    expect(asked('/resolve/').map(({ path }) => path.split(commit)[1])).toEqual(['/tokenizer_config.json', '/1_Pooling/config.json']);
  },
);
