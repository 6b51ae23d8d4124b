// The one resolver of models' names: a path stays what it is, hf://org/name becomes the path of what is downloaded. Whoever opens a model by name calls it.
import type { ModelMeans } from './download-model.ts';
import { downloadModel, findCommit, keepRevision, usualModelMeans } from './download-model.ts';
import { formatHubName, isHubName, parseHubName } from './hub-name.ts';
import type { HubSettings } from './hub-settings.ts';
import { hubSettings } from './hub-settings.ts';
import type { WantedFiles } from './needed-files.ts';

/** What a test gives in place of the process's environment and disk. */
export interface HubMeans {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly means?: Partial<ModelMeans>;
}

// What this process has asked: a revision is the same commit, and a model the same files, from the first time to the last.
const commits = new Map<string, Promise<string>>();
const paths = new Map<string, Promise<string>>();
/** Revisions under which commits were asked for, to be recorded once their files are there. */
const asked = new Map<string, Set<string>>();

/** What a function gave for a key; what failed is tried again. */
function remember<T>(known: Map<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const value = known.get(key) ?? find();
  known.set(key, value);
  value.catch(() => known.delete(key));
  return value;
}

const keyOf = ({ endpoint, cache, offline }: HubSettings, ...rest: readonly string[]): string => JSON.stringify([endpoint, cache, offline, ...rest]);

/** The same name with the commit that its revision is at present, or, offline, was when it was downloaded. Other names stay as they are. */
export async function pinHubName(name: string, { env }: HubMeans = {}): Promise<string> {
  if (!isHubName(name)) return name;
  const [hub, own] = [hubSettings(env), parseHubName(name)];
  const commit = await remember(commits, keyOf(hub, own.repo, own.revision), () => findCommit(hub, own));
  const key = keyOf(hub, own.repo, commit);
  asked.set(key, (asked.get(key) ?? new Set()).add(own.revision));
  return formatHubName({ ...own, revision: commit });
}

/**
 * The path of a model: a local one as it is, and for hf://org/name[@revision][/file] the one in the cache, into which what is needed of it is
 * downloaded. Throws one line that names the model, and what is wrong or to be done.
 */
export async function localPath(name: string, wanted: WantedFiles = { kind: 'model' }, { env, means = {} }: HubMeans = {}): Promise<string> {
  if (!isHubName(name)) return name;
  const hub = hubSettings(env);
  const pinned = parseHubName(await pinHubName(name, env ? { env } : {}));
  const key = keyOf(hub, formatHubName(pinned), wanted.kind, String(wanted.stage));
  const path = await remember(paths, key, () => downloadModel(hub, pinned, wanted, { ...usualModelMeans, ...means }));
  for (const revision of asked.get(keyOf(hub, pinned.repo, pinned.revision)) ?? [])
    if (!hub.offline) await keepRevision(hub, { ...pinned, revision }, pinned.revision);
  return path;
}

/** Forgets what this process has asked. */
export function forgetHub(): void {
  for (const known of [commits, paths, asked]) known.clear();
}
