// Names of models on a hub: hf://org/name[@revision][/file]. What a name may hold is checked here, and what a server names too, since both become paths.
import { HybridmedError } from '@hybridmed/tensor';

/** A name, taken apart. */
export interface HubName {
  /** org/name. */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  /** A file or a folder of it; empty for the whole. */
  readonly path: string;
}

const scheme = 'hf://';

/** Whether a model is named on a hub; `hf:FOLDER` names one that lies here. */
export const isHubName = (name: unknown): name is `hf://${string}` => typeof name === 'string' && name.startsWith(scheme);

/** Whether a revision is a commit, which stays what it is. */
export const isCommit = (revision: string): boolean => /^[0-9a-f]{40}$/.test(revision);

// A part of a path: nothing that a system reads as more than a name. Windows knows drives by ":" and drops dots and blanks at the end.
// oxlint-disable-next-line no-control-regex -- they are what is refused.
const pathPart = /^(?!\.{1,2}$)[^\u0000-\u001f\u007f\\/:]{1,255}(?<![. ])$/;

/** Whether a path stays within the folder that it is put in, on every system. */
export const isPathWithin = (path: string): boolean => path.length <= 1024 && path.split('/').every((part) => pathPart.test(part));

// As the hub allows them.
const repoPart = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/;
const isRepo = (repo: string): boolean =>
  repo.length <= 96 && repo.split('/').length === 2 && repo.split('/').every((part) => repoPart.test(part)) && !/--|\.\.|\.git$/.test(repo);

const refused = (name: string, problem: string): HybridmedError =>
  new HybridmedError(`${JSON.stringify(name.slice(0, 300))}: ${problem}; write hf://org/name, hf://org/name@revision or hf://org/name@revision/file`);

/** Takes a name apart. A revision with a slash in it is written with %2F; refs/pr/N may be written as it is. Throws one line for what is no name. */
export function parseHubName(name: string): HubName {
  const match = /^hf:\/\/([^/@]+\/[^/@]+)(?:@(refs\/(?:pr|convert)\/[^/]+|[^/]+))?(?:\/(.*))?$/s.exec(name);
  if (!match) throw refused(name, 'is no name of a model on a hub');
  const [, repo, written = 'main', rest = ''] = match;
  const path = rest.replace(/\/$/, '');
  const revision = written.replaceAll(/%2F/gi, '/');
  if (!isRepo(repo!)) throw refused(name, `"${repo}" names no organization and model`);
  // A revision is a path in the cache (refs/REVISION).
  if (!/^[\w.+/-]+$/.test(revision) || !isPathWithin(revision)) throw refused(name, `"${revision}" is no revision`);
  if (path !== '' && !isPathWithin(path)) throw refused(name, `"${path}" is no path of a file within it`);
  return { repo: repo!, revision, path };
}

/** A name as text. */
export function formatHubName({ repo, revision, path }: HubName): string {
  const written = revision.startsWith('refs/') ? revision : revision.replaceAll('/', '%2F');
  return `${scheme}${repo}@${written}${path === '' ? '' : `/${path}`}`;
}

/** Whether a pinned name, with a commit, may be what another one means: the same file of the same model, the other's revision the same commit, or one that moves. */
export function maybePinned(pinned: unknown, name: unknown): boolean {
  if (!isHubName(pinned) || !isHubName(name)) return false;
  const [saved, asked] = [parseHubName(pinned), parseHubName(name)];
  return saved.repo === asked.repo && saved.path === asked.path && isCommit(saved.revision) && (!isCommit(asked.revision) || asked.revision === saved.revision);
}
