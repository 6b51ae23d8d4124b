// The page in headless Chromium: its impressions, scores and maps are those of the commands, and nothing leaves the machine.
import type { ChildProcess } from 'node:child_process';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readGrey } from '@hybridmed/data';
import { encodePicture } from '@hybridmed/runtime/files';
import { phantomStudy } from '@hybridmed/phantoms';
import { promptScores } from '@hybridmed/eval/protocols';
import { labelSet } from '@hybridmed/eval/labeller';
import { plainDevice } from '@hybridmed/gpujs';
import { initialize } from '@hybridmed/nn';
import { trainWordPiece } from '@hybridmed/text';
import { createModel, presetModel } from 'hybridmed';
import { shippedPrompts, usualOpacity } from 'hybridmed/radiograph';
import { openModel, saveCheckpoint } from 'hybridmed/node';
import { embedTexts, studyFeatures } from 'hybridmed/tasks';
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../../tools/browser/open-browser.ts';

const folder = mkdtempSync(join(tmpdir(), 'hybridmed-radiograph-page-'));
const checkpoint = join(folder, 'checkpoint');
const [png, jpeg] = [join(folder, 'image.png'), join(folder, 'image.jpg')];
const node = ['--conditions=hybridmed-source', '--import', import.meta.resolve('tsx')];
const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What a command prints, as JSON. */
async function command(...args: string[]) {
  const { stdout } = await promisify(execFile)(process.execPath, [...node, here('../../packages/hybridmed/test/support/cli.ts'), ...args, '--json']);
  return JSON.parse(stdout);
}

/** Runs main.ts to its end. */
const main = (...args: string[]): Promise<{ code: number; out: string; log: string }> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...node, here('main.ts'), ...args], (error, out, log) => resolve({ code: Number(error?.code ?? 0), out, log }));
  });

async function makeFiles(): Promise<void> {
  const studies = Array.from({ length: 40 }, (_, i) => phantomStudy(i, 2, 120));
  const tokenizer = trainWordPiece(
    studies.flatMap(({ findings, impression }) => [findings, impression]),
    { size: 200 },
  );
  const config = presetModel('tiny', tokenizer.vocabularySize, tokenizer.special);
  // Ten times the usual start values, so that texts are not all alike.
  const parameters = Object.fromEntries(
    Object.entries(initialize(createModel(config).parameters, 5)).map(([name, { data, shape }]) => [
      name,
      { data: shape.length >= 2 ? data.map((x) => 10 * x) : data, shape },
    ]),
  );
  const input = { resize: 36, findingsLength: 64, impressionLength: 12 };
  const texts = [...new Set(studies.map(({ impression }) => impression))];
  const candidates = texts.map((text) => ({ text, names: labelSet(text)['No Finding'] === 0 }));
  const chosen = { ciderFraction: 0, studies: 1, ids: 'none', balancedAccuracy: 0.5, cider: 0, constantCider: 0 };
  // Means like the likelihoods of texts of their length, and a threshold that any finding is above.
  const likelihoodRatio = { candidates, means: texts.map((text) => -text.length), weight: 0.5, threshold: -1e6, chosen };
  const own = { formatVersion: 2, preset: 'tiny', stage: 2, model: config, input, likelihoodRatio } as const;
  await saveCheckpoint(checkpoint, { config: own, tokenizer: tokenizer.toJSON(), parameters });
  // Not square; the JPEG so large that it is read at a fraction of its size.
  const { size, pixels } = studies[1]!.image;
  writeFileSync(png, await encodePicture({ width: size, height: 90, channels: 1, pixels: pixels.subarray(0, size * 90) }, 'png'));
  writeFileSync(jpeg, await encodePicture({ width: size, height: size, channels: 1, pixels: studies[3]!.image.pixels }, 'jpeg'));
}

let server: ChildProcess;
let url: string;
let browser: Browser;
let page: Page;
const requests: string[] = [];

beforeAll(async () => {
  await makeFiles();
  server = spawn(process.execPath, [...node, here('main.ts'), checkpoint]);
  const started = new Promise<string>((resolve, reject) => {
    server.stdout!.once('data', (line: Buffer) => resolve(line.toString().trim()));
    server.once('exit', () => reject(new Error('main.ts ended')));
  });
  [browser, url] = await Promise.all([openBrowser(), started]);
  page = await browser.newPage();
  page.on('request', (each) => requests.push(each.url()));
  await page.goto(url);
});
afterAll(async () => {
  await browser?.close();
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Drops a file onto the page. */
async function drop(file: string): Promise<void> {
  const content = readFileSync(file).toString('base64');
  await page.evaluate(
    (name, base64) => {
      const files = new DataTransfer();
      files.items.add(new File([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], name));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: files, bubbles: true, cancelable: true }));
    },
    basename(file),
    content,
  );
}

const textOf = (id: string): Promise<string> => page.$eval(`#${id}`, (element) => element.textContent!.trim());
const until = (condition: string): Promise<unknown> => page.waitForFunction(condition, { timeout: 120_000, polling: 50 });
const settled = (): Promise<unknown> => until("document.getElementById('progress').hidden");

/** Drops an image and waits for the impression and the scores. */
async function read(file: string): Promise<string> {
  await drop(file);
  await until("document.querySelectorAll('#scores tbody tr').length > 0");
  await settled();
  return (await textOf('impression')).replaceAll(/\s+/g, ' ');
}

describe('a radiograph in the page', () => {
  test('has the impression that generate writes, from PNG and from JPEG', async () => {
    const { results } = await command('generate', '--checkpoint', checkpoint, '--device', 'cpu', '--threads', '1', '--image', png, jpeg);
    const [first, second] = results.map(({ impression }: { impression: string }) => impression);
    expect(first).not.toBe(second);
    expect(await read(jpeg)).toBe(second);
    expect(await read(png)).toBe(first);
    expect(await textOf('status')).toMatch(/^Ready\. Computing on WebGPU \(.*swiftshader/i);
    expect(await textOf('about')).toContain('preset tiny');
  });

  test('has the impression by likelihood ratio that generate writes, and why', async () => {
    const args = ['--checkpoint', checkpoint, '--device', 'cpu', '--threads', '1', '--image', png, '--search', 'likelihood-ratio'];
    const { results } = await command('generate', ...args);
    const greedy = await textOf('impression');
    await page.select('#search', 'likelihood-ratio');
    await until("document.getElementById('ratio').textContent !== ''");
    await settled();
    const [{ impression, score, runnersUp }] = results;
    expect((await textOf('impression')).replaceAll(/\s+/g, ' ')).toBe(impression);
    expect(await textOf('ratio')).toContain('A finding is named');
    const shown = await page.$$eval('#ratio li', (items) => items.map((item) => item.textContent!));
    expect(shown.map((text) => text.replace(/ \([^(]*\)$/, ''))).toEqual(runnersUp.map(({ text }: { text: string }) => text));
    const [, own] = /this impression is ([+−][\d.]+)\./.exec(await textOf('ratio'))!;
    expect(Math.abs(Number(own!.replace('−', '-').replace('+', '')) - score)).toBeLessThan(0.01);
    await page.select('#search', 'greedy');
    await until("document.getElementById('ratio').textContent === ''");
    await settled();
    expect(await textOf('impression')).toBe(greedy);
  });

  test('has the scores of zeroshot', async () => {
    const device = plainDevice();
    const model = await openModel(checkpoint, { device });
    const { vectors } = await studyFeatures(model, [{ id: 'study', image: png, split: 'test' } as never], 'embedding', { cache: false });
    await page.select('#prompts', 'phantom');
    await until("document.querySelectorAll('#scores tbody tr').length === 8");
    const shown = await page.$$eval('#scores tbody tr', (rows) =>
      rows.map((row) => [row.querySelector('th')!.textContent, Number(row.dataset['score'])] as const),
    );
    const prompts = shippedPrompts['phantom']!;
    expect(shown.map(([name]) => name).toSorted()).toEqual(Object.keys(prompts).toSorted());
    for (const [name, score] of shown) {
      const { positive, negative } = prompts[name!]!;
      const [expected] = promptScores(vectors, { positive: await embedTexts(model, positive), negative: await embedTexts(model, negative) });
      expect(Math.abs(score - expected!), name!).toBeLessThan(1e-3);
    }
    await model.close();
  });

  test('has the maps of explain for a text, over the image undistorted', async () => {
    const out = join(folder, 'explained');
    await command(
      'explain',
      '--checkpoint',
      checkpoint,
      '--device',
      'cpu',
      '--image',
      png,
      '--text',
      'left effusion',
      '--maps',
      'guided',
      'removal',
      'gradient',
      '--out',
      out,
    );
    await page.type('#text', 'left effusion');
    await page.click('#map-form button');
    await until("document.getElementById('map-controls').hidden === false");
    for (const kind of ['guided', 'removal', 'gradient']) {
      await page.click(`input[value=${kind}]`);
      const { width, height, pixels } = await readGrey(join(out, `${kind}.png`));
      const shown = await page.evaluate(() => {
        const data = (id: string) => {
          const canvas = document.getElementById(id) as HTMLCanvasElement;
          return [...canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height).data];
        };
        const { width: across, height: down } = document.getElementById('picture')!.getBoundingClientRect();
        return { picture: data('picture'), heat: data('heat'), opacity: Number(document.getElementById('heat')!.style.opacity), ratio: across / down };
      });
      expect(shown.ratio).toBeCloseTo(width / height, 2);
      expect(shown.opacity).toBeCloseTo(usualOpacity, 9);
      expect(shown.picture).toHaveLength(4 * width * height);
      const largest = pixels.reduce((max, level, i) => {
        const weight = (shown.opacity * shown.heat[4 * i + 3]!) / 255;
        const colour = (channel: number) => shown.picture[4 * i + channel]! * (1 - weight) + shown.heat[4 * i + channel]! * weight;
        return Math.max(max, Math.abs(0.299 * colour(0) + 0.587 * colour(1) + 0.114 * colour(2) - level));
      }, 0);
      expect(largest, kind).toBeLessThan(4);
    }
    expect(await textOf('warmest')).toMatch(/Warmest at the (top|middle|bottom) /);
  });

  test('a selected word shows its map, findings are summarized as generate does', async () => {
    const sentence = await page.$eval('#impression .word', (word) => (word as HTMLElement).dataset['sentence']!);
    await page.click('#impression .word');
    await until(`document.getElementById('warmest').textContent.startsWith(${JSON.stringify(`"${sentence}"`)})`);
    expect(await page.$eval('#impression .word', (word) => word.getAttribute('aria-pressed'))).toBe('true');
    const findings = 'The heart is enlarged. There is a left pleural effusion.';
    const { results } = await command('generate', '--checkpoint', checkpoint, '--device', 'cpu', '--threads', '1', '--findings', findings);
    await page.type('#findings', findings);
    await page.click('#summarize button');
    await until("document.getElementById('summary').textContent !== ''");
    expect(await textOf('summary')).toBe(results[0].impression);
  });

  test('a file that is no image is one line, and the radiograph before it stays', async () => {
    const wrong = join(folder, 'note.txt');
    writeFileSync(wrong, 'no image');
    await drop(wrong);
    await until("document.getElementById('error').hidden === false");
    expect(await textOf('error')).toBe('note.txt is neither PNG nor JPEG; choose a radiograph.');
    expect(await textOf('image-name')).toBe('image.png, 120 x 90');
    const huge = join(folder, 'huge.png');
    const bytes = readFileSync(png);
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    writeFileSync(huge, bytes);
    await drop(huge);
    await until("document.getElementById('error').textContent.startsWith('huge.png')");
    expect(await textOf('error')).toContain('is 60000 x 60000 pixels');
  });
});

test('nothing leaves the page’s origin: not asked for, and refused by its policy in the page and in its worker', async () => {
  expect(requests.length).toBeGreaterThan(5);
  expect(requests.filter((address) => !address.startsWith(url) && !address.startsWith('blob:'))).toEqual([]);
  // Another port of this machine is another origin.
  const elsewhere = `fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.message)`;
  const messages: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  expect(await page.evaluate(elsewhere)).toBe('Failed to fetch');
  expect(await page.workers()[0]!.evaluate(elsewhere)).toContain('Failed to fetch');
  expect(messages.filter((line) => line.includes('Content Security Policy')).length).toBeGreaterThan(0);
  expect(await page.evaluate(async () => [document.cookie, localStorage.length, (await indexedDB.databases()).length])).toEqual(['', 0, 0]);
});

test('the server knows its files, its methods and its own name', async () => {
  const status = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
    new Promise<number>((resolve, reject) => {
      request(new URL(url), { path, headers, method }, (response) => resolve((response.resume(), response.statusCode!)))
        .once('error', reject)
        .end();
    });
  expect(await status('/checkpoint/config.json')).toBe(200);
  for (const path of [
    '/checkpoint/',
    '/../package.json',
    '/checkpoint/..%2f..%2fetc/passwd',
    '//etc/passwd',
    '/constructor',
    '/checkpoint/optimizer.safetensors',
  ])
    expect(await status(path), path).toBe(404);
  expect(await status('/', {}, 'POST')).toBe(405);
  expect(await status('/', { host: 'elsewhere.example' })).toBe(403);
});

test('main.ts: help, usage errors, a folder that is written whole', async () => {
  const [helped, bare, port, empty] = await Promise.all([main('--help'), main(), main(checkpoint, '--port', 'x'), main(folder)]);
  expect(helped.out).toContain('Usage: main.ts CHECKPOINT');
  expect(bare).toEqual({ code: 2, out: '', log: 'error: give one CHECKPOINT (see --help)\n' });
  expect(port.code).toBe(2);
  expect(empty).toMatchObject({ code: 1, log: expect.stringMatching(/^error: .*holds no checkpoint.*\n$/) });
  const out = join(folder, 'site');
  expect((await main(checkpoint, '--out', out)).code).toBe(0);
  expect(readFileSync(join(out, 'checkpoint/model.safetensors'))).toEqual(readFileSync(join(checkpoint, 'model.safetensors')));
  expect(readFileSync(join(out, 'index.html'), 'utf8')).toContain("connect-src 'self'");
  expect(await main(checkpoint, '--out', out)).toMatchObject({ code: 1, log: expect.stringContaining('exists') });
});
