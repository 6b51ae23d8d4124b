import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from '../../../tools/browser/open-browser.ts';
import { failuresByRule } from '../src/report/example-selection.ts';
import { html } from '../src/report/page/markup.ts';
import { textDifference } from '../src/report/page/text-difference.ts';
import { smallPhantoms, temporaryFolder } from '../../../tools/support/phantoms.ts';
import { run } from './support/output.ts';

const { folder, remove } = temporaryFolder();
const trained = join(folder, 'run');
const page = join(trained, 'report.html');
const hostile = '<script>alert(1)</script> "><img src=x onerror=alert(2)> &amp; \u202egnorw';
let phantoms: string;

/** Puts words of a stranger into every report of the set. */
function poison(file: string): void {
  const rows = readFileSync(file, 'utf8').trim().split('\n');
  const quoted = hostile.replaceAll('"', '""');
  writeFileSync(file, `${[rows[0], ...rows.slice(1).map((row) => row.replace(/"([^"]*)","(train|validate|test)"/, `"$1 ${quoted}","$2"`))].join('\n')}\n`);
}

beforeAll(async () => {
  phantoms = await smallPhantoms(folder);
  poison(join(phantoms, 'phantoms.csv'));
  const { code, log, out } = await run(
    'pretrain',
    '--data',
    `phantom:${phantoms}`,
    '--preset',
    'tiny',
    '--steps',
    '3,3',
    '--device',
    'cpu',
    '--threads',
    '1',
    '--out',
    trained,
  );
  expect(code, log).toBe(0);
  expect(out).toContain(page);
});
afterAll(remove);

describe('the page of a run', () => {
  const text = () => readFileSync(page, 'utf8');

  test('says what was trained on what, and that it is no medical device', () => {
    const provenance = JSON.parse(readFileSync(join(trained, 'provenance.json'), 'utf8'));
    expect(text()).toContain(provenance.data.splits.train.ids.slice(0, 12));
    expect(provenance.data.splits.train.studies + provenance.data.splits.validate.studies + provenance.data.splits.test.studies).toBe(80);
    expect(provenance.sessions).toHaveLength(1);
    for (const words of [
      'Not a medical device',
      'ONNX Runtime',
      'seed 0',
      'most frequent impression',
      'Zero-shot AUC',
      '<h2>Failures</h2>',
      '<h2>Heat maps</h2>',
      'the true region',
      'Limits',
    ])
      expect(text()).toContain(words);
  });

  test('leads from sections of the menu, and from the worst failure of each rule to its maps, to what is there', () => {
    const ids = new Set([...text().matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...text().matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id!);
    expect(links.filter((link) => !ids.has(link))).toEqual([]);
    expect(links).toEqual(expect.arrayContaining(['metrics', 'maps', 'failures', 'run', 'limits']));
    const failures = text().slice(text().indexOf('<h2>Failures</h2>'), text().indexOf('<h2>Learning</h2>'));
    const groups = failures.split('<h3>').filter((part) => part.includes('class="note"'));
    expect(groups.length).toBeGreaterThan(0);
    expect(failures.match(/href="#map-\d+">Heat maps of this study/g)?.length).toBeGreaterThan(0);
  });

  test('shows what strangers wrote as text', () => {
    expect(text()).not.toMatch(/<script|<img src=x|\u202e/);
    expect(text()).toContain('&lt;script&gt;');
  });

  test('fetches nothing: no script, no address', () => {
    expect(text()).not.toMatch(/(src|href)="(?!data:|#)/);
    expect(text()).not.toMatch(/https?:\/\//);
    expect(text()).toContain('default-src &#39;none&#39;');
  });

  test('is wide and narrow without scrolling sideways, and asks the network for nothing', async () => {
    const browser = await openBrowser();
    try {
      const tab = await browser.newPage();
      const trouble: string[] = [];
      tab.on('console', (message) => trouble.push(message.text()));
      tab.on('request', (request) => void (/^(file|data):/.test(request.url()) || trouble.push(request.url())));
      for (const width of [1280, 390]) {
        await tab.setViewport({ width, height: 900 });
        await tab.goto(pathToFileURL(page).href);
        expect(await tab.evaluate('document.documentElement.scrollWidth'), `${width} pixels`).toBe(width);
        const cut = (await tab.evaluate(
          '[...document.querySelectorAll("main *")].filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 80))',
        )) as string[];
        expect(cut).toEqual([]);
      }
      expect(trouble).toEqual([]);
      expect((await tab.pdf({ format: 'A4' })).length).toBeGreaterThan(10_000);
    } finally {
      await browser.close();
    }
  }, 60_000);

  test('is written again from the saved evaluation, also where the data have moved', async () => {
    const before = readFileSync(join(trained, 'evaluation.json'), 'utf8');
    renameSync(phantoms, `${phantoms}-moved`);
    try {
      const moved = await run('report', trained, '--out', join(folder, 'moved.html'), '--device', 'cpu');
      expect(moved.code, moved.log).toBe(0);
      expect(readFileSync(join(folder, 'moved.html'), 'utf8')).toContain('radiographs are not shown');
      const named = await run('report', trained, '--data', `phantom:${phantoms}-moved`, '--json', '--device', 'cpu');
      expect(named.code, named.log).toBe(0);
      expect(JSON.parse(named.out).report).toBe(page);
      expect(readFileSync(join(trained, 'evaluation.json'), 'utf8')).toBe(before);
    } finally {
      renameSync(`${phantoms}-moved`, phantoms);
    }
  });

  test('an evaluation that is none is refused by its file and key', async () => {
    const file = join(trained, 'evaluation.json');
    const before = readFileSync(file, 'utf8');
    const evaluation = JSON.parse(before);
    const [first, ...others] = evaluation.examples;
    const changes: [object, string][] = [
      [{ examples: [{ ...first, truth: { markup: '<b>' } }, ...others] }, '"examples.0.truth": expected string, received object'],
      [{ text: { ...evaluation.text, findings: { ...evaluation.text.findings, cider: 'high' } } }, '"text.findings.cider": expected number, received string'],
      [{ studies: -1 }, '"studies": Too small'],
      [{ inputs: 3 }, '"inputs": expected object'],
    ];
    try {
      for (const [change, problem] of changes) {
        writeFileSync(file, JSON.stringify({ ...evaluation, ...change }));
        const { code, log } = await run('report', trained, '--out', join(folder, 'refused.html'), '--device', 'cpu');
        expect(code).toBe(1);
        expect(log.trim().split('\n').at(-1)).toContain(`${file}: ${problem}`);
      }
    } finally {
      writeFileSync(file, before);
    }
  });

  test('a question without an AUC is undefined, with the reason, and no part of the mean', async () => {
    const file = join(trained, 'evaluation.json');
    const before = readFileSync(file, 'utf8');
    const evaluation = JSON.parse(before);
    const [first, ...rest] = evaluation.zeroShot;
    writeFileSync(file, JSON.stringify({ ...evaluation, zeroShot: [{ ...first, auc: null, undefined: 'none of the 9 studies is positive' }, ...rest] }));
    try {
      const out = join(folder, 'one-sided.html');
      const { code, log } = await run('report', trained, '--out', out, '--device', 'cpu');
      expect(code, log).toBe(0);
      const shown = readFileSync(out, 'utf8');
      expect(shown).toMatch(/none of the 9 studies is positive<\/span><\/th>\s*<td><\/td>\s*<td class="number">\s*undefined/);
      expect(shown).toContain(`over ${rest.filter(({ auc }: { auc: object | null }) => auc !== null).length} questions`);
      expect(shown).not.toContain('NaN');
    } finally {
      writeFileSync(file, before);
    }
  });

  test('lines of metrics that are none are refused by file and line', async () => {
    const file = join(trained, 'metrics.jsonl');
    const content = readFileSync(file, 'utf8');
    const strange = ['null', '{"stage": 1}', '[1]', '{"stage":1,"epoch":1,"step":1,"validation":{"total":{"markup":"<b>"}}}', '['.repeat(5e6)];
    for (const line of strange) {
      writeFileSync(file, `${line}\n${content}`);
      for (const command of [
        ['report', trained],
        ['save', trained, '--part', 'vision', '--out', join(folder, 'saved')],
      ]) {
        const { code, log } = await run(...command);
        expect([code, log.trim().split('\n').at(-1)], log.slice(0, 500)).toEqual([1, expect.stringContaining(`${file}: line 1: is n`)]);
      }
    }
    writeFileSync(file, content);
    expect(existsSync(join(folder, 'saved'))).toBe(false);
  });

  test('a folder without a run, and a run that is left without a page', async () => {
    const none = await run('report', phantoms);
    expect([none.code, none.out]).toEqual([1, '']);
    expect(none.log).toContain('holds no run.json');
    const bare = join(folder, 'bare');
    const { code, out } = await run(
      'pretrain',
      '--data',
      `phantom:${phantoms}`,
      '--preset',
      'tiny',
      '--steps',
      '1,1',
      '--device',
      'cpu',
      '--no-report',
      '--out',
      bare,
    );
    expect(code).toBe(0);
    expect(out).not.toContain('report');
    expect(existsSync(join(bare, 'report.html'))).toBe(false);
  });
});

test('markup escapes what is no markup, in attributes too', () => {
  const text = `<b>"a" & 'b'</b>`;
  expect(html`<p title="${text}">${text}${html`<i>x</i>`}${undefined}${false}${[1, '<']}</p>`.markup).toBe(
    '<p title="&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;">&lt;b&gt;&quot;a&quot; &amp; &#39;b&#39;&lt;/b&gt;<i>x</i>1&lt;</p>',
  );
  const stranger = JSON.parse('{"markup": "<h1>planted</h1>"}') as string;
  expect(html`<p>${stranger}</p>`.markup).toBe('<p>{&quot;markup&quot;:&quot;&lt;h1&gt;planted&lt;/h1&gt;&quot;}</p>');
});

describe('words that differ', () => {
  const marked = (words: readonly { word: string; differs: boolean }[]) => words.map(({ word, differs }) => (differs ? `[${word}]` : word)).join(' ');

  test('case and punctuation are no difference', () => {
    const { a, b } = textDifference('No acute disease.', 'no acute disease .');
    expect([marked(a), marked(b)]).toEqual(['No acute disease.', 'no acute disease.']);
  });

  test('accents, which generated texts may lack, do not count', () => {
    const { a, b } = textDifference('opacificacion izquierda .', 'Opacificación derecha.');
    expect([marked(a), marked(b)]).toEqual(['opacificacion [izquierda.]', 'Opacificación [derecha.]']);
  });

  test('a replaced, a missing and an extra word', () => {
    const { a, b } = textDifference('Small left pleural effusion.', 'left pleural thickening and more');
    expect([marked(a), marked(b)]).toEqual(['[Small] left pleural [effusion.]', 'left pleural [thickening] [and] [more]']);
  });

  test('nothing against something', () => {
    expect(marked(textDifference('', 'clear lungs').b)).toBe('[clear] [lungs]');
    expect(textDifference('x '.repeat(5000), 'y '.repeat(5000)).a.length).toBeLessThan(1000);
  });
});

test('failures are picked by rule, worst first', () => {
  const example = (id: string, image: number, mismatchedImage: number, rank: number) => ({
    id,
    truth: id,
    findings: id,
    loss: { image, mismatchedImage, findings: 1, tokens: 10 },
    rank,
  });
  const [unexpected, misled, notFound] = failuresByRule([example('a', 10, 30, 1), example('b', 20, 15, 50), example('c', 40, 50, 12)], 2);
  expect(unexpected!.cases.map(({ id }) => id)).toEqual(['c', 'b']);
  expect(misled!.cases.map(({ id }) => id)).toEqual(['b']);
  expect(notFound!.cases.map(({ id }) => id)).toEqual(['b', 'c']);
  expect(failuresByRule([{ id: 'x', truth: 'x', findings: 'x', loss: { findings: 1, tokens: 1 } }], 2)).toEqual([]);
});
