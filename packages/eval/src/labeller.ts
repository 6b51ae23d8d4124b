// The rule labeller of reports: fourteen observations, denial, doubt and sides; and Open-I's tags and phantoms' findings as the same labels.
export { labelReport, labelSet } from './labeller/labeller.ts';
export type { LabelStatement, ReportLabels } from './labeller/labeller.ts';
export type { Certainty } from './labeller/certainty.ts';
export { reportLabels } from './labeller/labels.ts';
export type { ReportLabel } from './labeller/labels.ts';
export { meshLabels } from './labeller/mesh.ts';
export { phantomLabels } from './labeller/phantom-labels.ts';
export type { ReportSide } from './labeller/sides.ts';
