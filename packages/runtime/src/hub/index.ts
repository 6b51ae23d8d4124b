// The entry of models on a hub: names, the path of what they mean.
export { isHubName } from './hub-name.ts';
export { localPath, pinHubName } from './local-path.ts';
export type { HubMeans } from './local-path.ts';
export type { WantedFiles } from './needed-files.ts';
