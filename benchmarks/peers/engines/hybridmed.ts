// This project's kernels, timed by the host's clock as the peers are.
import type { AnyKernel } from '@hybridmed/kernels';
import { kernels } from '@hybridmed/kernels';
import { prepareKernel, requestDevice, webgpuDevice } from '@hybridmed/webgpu';
import type { NodeAdapterOptions } from '@hybridmed/webgpu/node';
import { requestNodeAdapter } from '@hybridmed/webgpu/node';
import type { Engine } from '../task.ts';
import { preparedRun } from '../vit/prepared.ts';
import type { VitProblem } from '../vit/problem.ts';
import { vitSteps } from '../vit/problem.ts';

/** Opens the engine on the adapter that the options choose. */
export async function hybridmed(options: NodeAdapterOptions): Promise<Engine> {
  const gpu = await requestDevice((await requestNodeAdapter(options)).adapter);
  const all = Object.values(kernels) as unknown as AnyKernel[];
  return {
    name: 'hybridmed',
    async prepare(task) {
      const { kernel, problem, inputs } = task;
      if (kernel === 'vit-step') return preparedRun(await vitSteps(webgpuDevice(gpu), task), (problem as VitProblem).steps);
      return prepareKernel(
        gpu,
        all.find(({ name }) => name === kernel)!,
        problem,
        inputs,
        { clock: 'host' },
      );
    },
  };
}
