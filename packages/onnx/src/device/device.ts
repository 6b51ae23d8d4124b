// The CPU device: graphs lowered to ONNX and run by ONNX Runtime.
import { availableParallelism } from 'node:os';
import type { Device } from '@hybridmed/tensor';
import type { InferenceSession } from 'onnxruntime-node';
import { compileProgram } from './program.ts';
import { CpuState } from './state.ts';

/** Options of the CPU device. */
export interface CpuOptions {
  /** Threads that ONNX Runtime computes with; as many as the process may use by default. The same number gives the same bits. */
  threads?: number;
}

/** The CPU device. One session serves every length; parameters and moments stay in place between steps. */
export function cpuDevice({ threads = availableParallelism() }: CpuOptions = {}): Device {
  const options: InferenceSession.SessionOptions = {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    enableMemPattern: false,
    // Merging equal nodes would undo the recomputation of activations; the graph has them merged already.
    extra: { optimization: { disable_specified_optimizers: 'CommonSubexpressionElimination' } },
  };
  return {
    info: { kind: 'cpu', name: `ONNX Runtime on the processor, ${threads} ${threads === 1 ? 'thread' : 'threads'}`, software: false },
    compile: (graph) => compileProgram(graph, options),
    createState: (initial) => new CpuState(initial),
    close: () => Promise.resolve(),
  };
}
