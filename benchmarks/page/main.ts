// Writes one self-contained HTML page with charts from documents of the suites.
import { rename, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { readDocuments } from '../harness/document.ts';
import { UsageError, runSuite } from '../harness/options.ts';
import { renderPage } from './render.ts';

const usage = `usage: npm run bench -- page A.json [B.json ...] --out FILE

One HTML page with charts, which loads nothing, from documents that the kernels, peers and train-step suites wrote.

  --out FILE      the page (default: on standard output)
`;

await runSuite(usage, async () => {
  const { values, positionals } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options: { out: { type: 'string' } } });
  if (positionals.length === 0) throw new UsageError('give at least one JSON file of a suite');
  const page = renderPage(await readDocuments(positionals));
  if (values.out === undefined) process.stdout.write(page);
  else {
    // Whole or not at all.
    await writeFile(`${values.out}.partial`, page);
    await rename(`${values.out}.partial`, values.out);
    process.stderr.write(`${values.out}\n`);
  }
  return 0;
});
