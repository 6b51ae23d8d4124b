import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

type Values = Record<string, unknown>;
/** A module of `same/`, which is plain JavaScript so that it runs without a build. */
const load = (name: string) => import(new URL(`same/${name}.mjs`, import.meta.url).href);
const { jsonDifference, textDifference } = await load('compare');
const { comparable } = await load('json');
const { namesOf } = await load('renames');
const { unwrapped } = await load('parts/help');
const { alphaDispatch } = await load('wgsl-alpha');
const { mappedDispatch } = await load('wgsl');

const renames = {
  commands: { 'vqa train': 'answer fit' },
  flags: { '--residue': '--placeholders', '--maps cls': '--maps class' },
  help: [['greatest number of steps', 'max steps']],
  jsonKeys: { films: 'images', 'image.crop': 'size' },
  jsonTexts: [['film', 'image']],
  ignoredJsonKeys: ['model.note'],
  files: { 'vqa.json': 'answers.json' },
  exports: {},
};
const before = namesOf('before', renames);
const after = namesOf('after', renames);

describe('names changed on purpose', () => {
  test('arguments are given in the names of each side', () => {
    const args = ['vqa', 'train', '--residue', 'keep', '--maps', 'cls', 'all'];
    expect(before.args(args)).toEqual(args);
    expect(after.args(args)).toEqual(['answer', 'fit', '--placeholders', 'keep', '--maps', 'class', 'all']);
  });

  test('help of before is read in the words of after, however it is wrapped', () => {
    const was = 'Usage: hybridmed vqa train\n\nOptions:\n  --residue <x>  greatest number\n                 of steps\n  --residues     other\n';
    const is = 'Usage: hybridmed answer fit\n\nOptions:\n  --placeholders <x>  max steps\n  --residues          other\n';
    expect(unwrapped(was).map(before.help)).toEqual(unwrapped(is).map(after.help));
    expect(textDifference(unwrapped(was).join('\n'), unwrapped(is).join('\n'))).toContain('vqa train');
  });

  test('JSON is compared in keys of after, without times, paths and what is ignored', () => {
    const side = (name: string, names: Values) => ({ folder: `/folder/${name}`, names });
    const session = { before: side('before', before), after: side('after', after), renames };
    const was = { films: [{ image: { crop: 3 } }], title: 'a film', out: '/folder/before/x', started: 1, model: { note: 1 } };
    const is = { title: 'a image', images: [{ image: { size: 3 } }], out: '/folder/after/x', started: 2, model: { note: 2 } };
    expect(jsonDifference(comparable(was, session, 'before'), comparable(is, session, 'after'))).toBeUndefined();
    const other = { ...is, images: [{ image: { size: 4 } }] };
    expect(jsonDifference(comparable(was, session, 'before'), comparable(other, session, 'after'))).toBe('images.0.image.size: 3, now 4');
  });

  test('files', () => {
    expect([before.file('vqa-cpu/vqa.json'), before.file('myvqa.json'), after.file('vqa.json')]).toEqual(['vqa-cpu/answers.json', 'myvqa.json', 'vqa.json']);
  });
});

describe('shaders apart from their names', () => {
  const specs = { inputs: [{ name: 'x' }, { name: 'weight' }], outputs: [{ name: 'y' }] };
  const was = {
    label: 'scale',
    code: `@group(0) @binding(0) var<uniform> parameters: array<vec4<u32>, 1>;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(3) var<storage, read> b: array<f32>;
fn item(i: u32) {
  let mean = a[i] * bitcast<f32>(parameters[0][2]);
  for (var j = 0u; j < parameters[0][1]; j++) { let d = mean + b[j]; y[i] = d; }
}`,
    parameters: [9, 4, 7, 0],
    arrays: [0, 2, 1],
    writes: [2],
    workgroups: [1, 1, 1],
  };
  const is = {
    label: 'scale',
    code: `struct Parameters {
  @size(8) factor: f32,
  width: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read_write> mean: array<f32>;
fn each(row: u32) {
  let average = x[row] * parameters.factor;
  for (var d = 0u; d < parameters.width; d++) {
    let sum = average + weight[d]; mean[row] = sum;
  }
}`,
    parameters: [7, 0, 4, 0],
    reads: ['x', 'weight'],
    writes: ['y'],
    workgroups: [1, 1, 1],
  };
  const difference = (other: Values) => jsonDifference(alphaDispatch(was, specs), alphaDispatch({ ...is, ...other }, specs));

  test('are equal where names, parameters and bindings are in another order', () => {
    expect(difference({})).toBeUndefined();
  });

  test.each([
    ['another operator', { code: is.code.replace('average +', 'average -') }],
    ['another variable', { code: is.code.replace('mean[row]', 'mean[d]') }],
    ['another array', { code: is.code.replace('weight[d]', 'x[d]') }],
    ['another parameter', { code: is.code.replace('parameters.width', 'u32(parameters.factor)') }],
    ['another value', { parameters: [7, 0, 5, 0] }],
    ['arrays bound in another order', { reads: ['weight', 'x'] }],
    ['another number of workgroups', { workgroups: [2, 1, 1] }],
  ])('differ by %s', (_, other) => {
    expect(difference(other)).toEqual(expect.any(String));
  });

  test('texts and identifiers of before are mapped as the list says', () => {
    const mapped = mappedDispatch(
      { label: 'films', code: 'let film = filmed[0];' },
      { texts: [['[0]', '[1]']], identifiers: { film: 'image' }, names: [['films', 'images']] },
    );
    expect(mapped).toEqual({ label: 'images', code: 'let image = filmed[1];' });
  });
});

test('wrong use ends with 2, a sentence and the usage', () => {
  const script = fileURLToPath(new URL('same.mjs', import.meta.url));
  for (const [args, sentence] of [
    [['x'], 'two checkouts are compared, 1 were given'],
    [['/nowhere', '/nowhere'], '/nowhere is no checkout of this repository'],
    [['--sizes', 'a', 'b'], '--sizes'],
  ] as const) {
    const { status, stderr } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toContain(sentence);
    expect(stderr).toContain('usage: node tools/same.mjs BEFORE AFTER');
  }
});
