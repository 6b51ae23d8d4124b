import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkDataSet } from '@hybridmed/data';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const shared = join(root, '../shared/data');

const pages = [
  ['openi', `openi:${shared}/iu_xray`],
  ['rsna', `rsna:${shared}/rsna_pneumonia`],
  ['vqa-rad', `vqa-rad:${shared}/vqa_rad`],
  ['vqa-med', `vqa-med:${shared}/vqa_med_2019_questions_only`],
  ['r2gen', `r2gen:${shared}/iu_xray/r2gen/annotation_local.json`],
] as const;

test.skipIf(!existsSync(shared)).each(pages)('what docs/data/%s.md says is what is printed (skipped where shared/data is absent)', async (page, spec) => {
  const said = /```json\n([\s\S]*?)```/.exec(readFileSync(join(root, `docs/data/${page}.md`), 'utf8'))![1]!;
  expect(await checkDataSet(spec, { images: false })).toMatchObject(JSON.parse(said) as object);
});
