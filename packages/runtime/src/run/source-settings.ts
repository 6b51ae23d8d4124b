// Which settings of a run name what it starts from, and what a session records of that.

/** Settings that name checkpoints which a run starts from. */
export const sourceSettings = ['stage0', 'stage1', 'vision', 'text'] as const;

/** One of them. */
export type SourceSetting = (typeof sourceSettings)[number];

/** SHA-256 hashes by setting of the checkpoints that a run starts from: of what is in the files that are read. */
export type SourceHashes = Readonly<Partial<Record<SourceSetting, string>>>;

/** What a session was asked for on a hub, by setting, and the commit that it was given. */
export type HubSources = Readonly<Record<string, { readonly name: string; readonly commit: string }>>;
