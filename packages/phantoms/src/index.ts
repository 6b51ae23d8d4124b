// The public face of the phantoms.
export { phantomFindings } from './findings.ts';
export type { Finding, FindingName } from './findings.ts';
export { readPhantomMask } from './mask.ts';
export { phantomPrompts } from './prompts.ts';
export type { PromptSet } from './prompts.ts';
export { phantomStudy } from './study.ts';
export type { PhantomStudy } from './study.ts';
export { writePhantoms } from './write.ts';
export type { PhantomOptions, PhantomSet } from './write.ts';
