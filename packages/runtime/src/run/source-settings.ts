// Which settings name checkpoints that a run starts from.

/** Settings that name checkpoints which a run starts from. */
export const sourceSettings = ['stage0', 'stage1', 'vision', 'text'] as const;

/** One of them. */
export type SourceSetting = (typeof sourceSettings)[number];
