// Where the hub and its cache are, and as whom it is asked: the environment variables that Python's huggingface_hub reads.
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { HybridmedError } from '@hybridmed/tensor';

/** How a hub is asked. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  /** The folder of all models, as huggingface_hub lays them out. */
  readonly cache: string;
  readonly token: string | undefined;
  /** Whether nothing may be asked. */
  readonly offline: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

const isSet = (value: string | undefined): value is string => value !== undefined && value !== '';

const expanded = (path: string): string => resolve(path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path);

function cacheFolder(env: Environment): string {
  const named = [env.HF_HUB_CACHE, env.HUGGINGFACE_HUB_CACHE].find(isSet);
  if (named !== undefined) return expanded(named);
  const home = isSet(env.HF_HOME) ? env.HF_HOME : join(isSet(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(homedir(), '.cache'), 'huggingface');
  return join(expanded(home), 'hub');
}

function endpointOf({ HF_ENDPOINT: written }: Environment): string {
  if (!isSet(written)) return 'https://huggingface.co';
  const url = URL.canParse(written) ? new URL(written) : undefined;
  // What it holds is not repeated: it might be a password.
  if (!url || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new HybridmedError('HF_ENDPOINT: is no plain http or https address; write it as https://host, and a token into HF_TOKEN');
  return url.href.replace(/\/+$/, '');
}

function tokenOf({ HF_TOKEN: written }: Environment): string | undefined {
  const token = written?.trim();
  if (!isSet(token)) return undefined;
  // Refused here, since whoever refuses it as a header would repeat it.
  if (!/^[\x21-\x7e]+$/.test(token)) throw new HybridmedError('HF_TOKEN: holds characters that no token has; copy it again');
  return token;
}

/** The settings of the environment: HF_ENDPOINT, HF_HOME or HF_HUB_CACHE, HF_TOKEN, HF_HUB_OFFLINE. Throws one line that names the variable. */
export const hubSettings = (env: Environment = process.env): HubSettings => ({
  endpoint: endpointOf(env),
  cache: cacheFolder(env),
  token: tokenOf(env),
  offline: /^(?:1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
});
