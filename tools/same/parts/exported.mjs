// Exports of the run trained on the processor: the manifest, and what each graph gives for fixed inputs; bytes of .onnx are not compared.
import { join } from 'node:path';
import { jsonDifference } from '../compare.mjs';
import { comparable } from '../json.mjs';
import { onBoth } from '../session.mjs';
import { runFolder, trained } from './pretrain.mjs';

const precisions = { f32: [], f16: ['--f16'], int8: ['--int8'] };

/** A precision's folder in either work folder. */
export const exportFolder = (precision) => `exported-${precision}`;

/** Exports every part on one side, and runs its graphs. */
async function exportAll(checkout, flags, out) {
  const parts = ['vision', 'text', 'align', 'caption', 'summarize'];
  const { stdout, problem } = await checkout.command(['export', runFolder('cpu'), '--part', ...parts, ...flags, '--out', out, '--json']);
  if (problem !== undefined) return { problem };
  const graphs = await checkout.probe('graphs', { folder: join(checkout.folder, out) });
  return graphs.problem === undefined ? { manifest: JSON.parse(stdout), graphs: graphs.value } : graphs;
}

/** Exports in a precision on both sides, unless they are there; resolves to what `onBoth` gives. */
export async function exportsOf(session, precision) {
  const name = exportFolder(precision);
  const problem = await trained(session, 'cpu');
  if (problem !== undefined) return { problem };
  if (!session.runs.has(name)) session.runs.set(name, await onBoth(session, (checkout) => exportAll(checkout, precisions[precision], name)));
  return session.runs.get(name);
}

/** Compares exports in each precision: the manifest, then each graph's outputs. */
export async function exported(session) {
  const { report } = session;
  if (!session.devices.includes('cpu')) return report.skipped('export', 'it takes the run trained on the cpu');
  for (const precision of Object.keys(precisions)) {
    const name = `export ${precision}`;
    const made = await exportsOf(session, precision);
    if (made.problem !== undefined) {
      report.differs(name, made.problem);
      continue;
    }
    // Sizes of files are bytes of .onnx; the error depends on the order of their nodes.
    const [before, after] = ['before', 'after'].map((side) => comparable(made[side], session, side, ['bytes', 'error']));
    report.compared(`${name}: manifest`, jsonDifference(before.manifest, after.manifest));
    for (const graph of new Set([...Object.keys(before.graphs), ...Object.keys(after.graphs)]))
      report.compared(`${name}: ${graph}`, jsonDifference(before.graphs[graph], after.graphs[graph]));
  }
}
