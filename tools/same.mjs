// Whether two built checkouts do the same on this machine: help, settings, training, downstream tasks, exported graphs, shaders, plans.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArguments, usage } from './same/arguments.mjs';
import { parts } from './same/parts.mjs';
import { Report } from './same/report.mjs';
import { openSession } from './same/session.mjs';

const settings = parseArguments(process.argv.slice(2));
if (typeof settings === 'string') {
  process.stderr.write(`same: ${settings}\n${usage}`);
  process.exit(2);
}
const folder = settings.keep ?? mkdtempSync(join(tmpdir(), 'hybridmed-same-'));
const clean = () => {
  if (settings.keep === undefined) rmSync(folder, { recursive: true, force: true });
};
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    clean();
    process.exit(130);
  });
}

const report = new Report(process.stdout);
try {
  const session = await openSession(settings, folder, report);
  for (const name of settings.only) await report.part(name, () => parts[name](session));
} catch (error) {
  report.differs('the comparison itself', error.stack ?? String(error));
} finally {
  clean();
}
process.exitCode = report.end();
