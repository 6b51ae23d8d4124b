// Summaries of the GPU's plans: dispatches, distinct shaders and bytes of intermediates of a model's graphs.
import { jsonDifference } from '../compare.mjs';
import { onBoth } from '../session.mjs';

/** Compares plan summaries: a line for each preset. */
export async function plans(session) {
  const { report } = session;
  const answers = await onBoth(session, (checkout) => checkout.probe('plans', {}));
  if (answers.problem) return report.differs('plans', answers.problem);
  const presets = new Set(Object.keys(answers.before.value).map((name) => name.split(',')[0]));
  for (const preset of presets) {
    const of = ({ value }) => Object.fromEntries(Object.entries(value).filter(([name]) => name.startsWith(`${preset},`)));
    report.compared(`plans: ${preset}, ${Object.keys(of(answers.before)).length} of them`, jsonDifference(of(answers.before), of(answers.after)));
  }
}
