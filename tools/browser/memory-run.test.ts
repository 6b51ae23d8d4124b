import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runInBrowser } from './run-in-browser.ts';

test('in the browser: both stages train on studies in memory, and an interrupted run resumes with the same bits', async () => {
  const result = await runInBrowser<Record<string, unknown>>(fileURLToPath(new URL('pages/memory-run.ts', import.meta.url)), { timeout: 120_000 });
  expect(result).toMatchObject({ finished: [true, true], reason: 'interrupted', same: true, last: { stage: 2, step: 4 } });
});
