// The entry of pipelines by task name in a browser; `pipeline` of `hybridmed/node` takes paths and folders.
export { pipeline, pipelineTasks } from '@hybridmed/tasks/pipeline';
export type { PageImage, PageModel, PagePipelineOptions, Pipeline, PipelineTask } from '@hybridmed/tasks/pipeline';
