// Sources of a run that are a hub's: named by the commits that they are when the run begins, by which it is resumed.
import type { Communicator } from '@hybridmed/ranks';
import { broadcastText } from '@hybridmed/ranks';
import { isHubName, maybePinned, parseHubName } from '../hub/hub-name.ts';
import { pinHubName } from '../hub/local-path.ts';
import type { RunConfig } from '../settings/run-settings.ts';
import type { HubSources } from './source-settings.ts';
import { sourceSettings } from './source-settings.ts';

/** Settings that may name what is a hub's. */
const hubSettings = [...sourceSettings, 'vocabulary'] as const;

// A published checkpoint's name as an encoder begins as every name of a hub.
type Named = Partial<Pick<RunConfig, (typeof hubSettings)[number]>>;

const hubNames = (config: Named): [keyof Named, string][] =>
  hubSettings.flatMap((setting) => {
    const value = config[setting];
    return isHubName(value) ? [[setting, value] as [keyof Named, string]] : [];
  });

/** A configuration whose names of a hub have the commits of an earlier one, where they may mean these: a branch has moved, the run has not. */
export function pinnedAs<C extends Named>(config: C, earlier: Named | undefined): C {
  const same = hubNames(config).filter(([setting, name]) => maybePinned(earlier?.[setting], name));
  return { ...config, ...Object.fromEntries(same.map(([setting]) => [setting, earlier![setting]])) };
}

/**
 * The configuration with commits in the names of a hub, those of `earlier` where it has them, else the present ones; on every rank those that
 * rank 0 finds. With them, what was asked for. Throws one line for a hub that cannot be reached, unless its answer is in the cache.
 */
export async function pinSources(
  config: RunConfig,
  earlier: () => Promise<Named | undefined>,
  ranks: Communicator,
): Promise<{ config: RunConfig; hub: HubSources }> {
  const find = async (): Promise<Named> => {
    const known = pinnedAs(config, await earlier());
    return Object.fromEntries(await Promise.all(hubNames(known).map(async ([setting, name]) => [setting, await pinHubName(name)])));
  };
  const own = ranks.rank === 0 ? await find() : {};
  const pinned = pinnedAs(config, ranks.size === 1 ? own : (JSON.parse(await broadcastText(ranks, JSON.stringify(own))) as Named));
  const hub = hubNames(config).map(([setting, name]) => [setting, { name, commit: parseHubName(String(pinned[setting])).revision }]);
  return { config: pinned, hub: Object.fromEntries(hub) as HubSources };
}
