// Labels of reports: the rule labeller's fourteen observations with denial, doubt and sides; CheXbert's heads; Open-I's tags and phantoms'
// findings as the same labels; and the agreement of label sets.
export { chexbertAgreement, chexbertClasses, chexbertFive, chexbertHeads, chexbertLabels, chexbertLabelSet, chexbertPredictions } from './labeller/chexbert.ts';
export type { ChexbertAgreement } from './labeller/chexbert.ts';
export { labelReport, labelSet } from './labeller/labeller.ts';
export type { LabelStatement, ReportLabels } from './labeller/labeller.ts';
export type { Certainty } from './labeller/certainty.ts';
export { reportLabels } from './labeller/labels.ts';
export type { ReportLabel } from './labeller/labels.ts';
export { meshLabels } from './labeller/mesh.ts';
export { phantomLabels } from './labeller/phantom-labels.ts';
export type { ReportSide } from './labeller/sides.ts';
export { labelAgreementOf } from './ranking/label-agreement.ts';
export type { LabelAgreement, LabelSet } from './ranking/label-agreement.ts';
export { namingAgreement } from './ranking/naming.ts';
export type { NamingAgreement } from './ranking/naming.ts';
