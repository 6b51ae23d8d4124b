// What kernels compute on SwiftShader, bit for bit: the proof where `wgsl` compares texts in a form that leaves names out.
import { jsonDifference } from '../compare.mjs';
import { onBoth } from '../session.mjs';
import { mappedName } from '../wgsl.mjs';

/** Compares the outputs of all kernels' small cases: a line for each kernel. */
export async function outputs(session) {
  const { report, renames, all } = session;
  if (all && renames.wgsl.canonical === 'strict') return report.skipped('outputs', 'shaders are compared as they are; --only outputs runs them');
  const answers = await onBoth(session, (checkout) => checkout.probe('outputs', {}, { timeout: 300_000 }));
  if (answers.problem) return report.differs('outputs', answers.problem);
  const { before, after } = answers;
  for (const kernel of new Set([...Object.keys(before.value), ...Object.keys(after.value)])) {
    const byName = (cases = [], rename = (name) => name) => Object.fromEntries(cases.map(({ name, ...given }) => [rename(name), given]));
    const was = byName(before.value[kernel], (name) => mappedName(name, renames.wgsl));
    report.compared(`outputs: ${kernel}, ${Object.keys(was).length} cases`, jsonDifference(was, byName(after.value[kernel])));
  }
}
