// Work in parts that need not reach one another: which part a process does, and the folder that holds what the parts found.
export type { PartEntry } from './encode-entry.ts';
export { partOf, shareOf, wholeJob } from './part.ts';
export type { Part } from './part.ts';
export { openParts, readLists, writePart } from './part-files.ts';
export type { PartFacts, PartJob, Parts } from './part-files.ts';
