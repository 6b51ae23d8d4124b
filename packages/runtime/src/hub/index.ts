// The entry of models on a hub: names, the path of what they mean, and what downloads tell.
export { onDownload } from './download-events.ts';
export type { DownloadEvent } from './download-events.ts';
export { isHubName } from './hub-name.ts';
export { localPath, pinHubName } from './local-path.ts';
export type { HubMeans } from './local-path.ts';
export type { WantedFiles } from './needed-files.ts';
