// The parts of a model that can be used, and exported, each by itself.

/** The two branches, by the memory they read. */
export type Branch = 'image' | 'findings';

/** Names of the parts. */
export const partNames = ['vision', 'text', 'align', 'caption', 'summarize', 'removal'] as const;

/** One part. */
export type PartName = (typeof partNames)[number];

/** Part of a branch that writes texts. */
export const partOfBranch = { image: 'caption', findings: 'summarize' } as const satisfies Record<Branch, PartName>;
