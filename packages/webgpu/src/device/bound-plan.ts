// A plan on the GPU: its parameters and inputs in buffers, its pipelines, its bind groups; running it allocates nothing.
import type { Bindings, HostArrays } from '@hybridmed/tensor';
import { DeviceError } from '@hybridmed/tensor';
import { byteLength, layOut } from '../plan/memory.ts';
import type { Plan } from '../plan/plan.ts';
import type { Value } from '../plan/values.ts';
import { rootOf } from '../plan/values.ts';
import type { CompiledShader, GpuContext } from './context.ts';
import { usage } from './context.ts';
import { deviceName } from './errors.ts';
import { PassTimer } from './pass-timer.ts';
import { Readback } from './readback.ts';
import type { GpuState } from './state.ts';
import { unshared } from './state.ts';
import { stepTrace } from './trace.ts';

interface Place {
  readonly buffer: GPUBuffer;
  readonly offset: number;
}

/** The type of what leaves a plan: planning stores nothing of that as f16. */
const hostType = ({ type }: Value): 'f32' | 'i32' => (type === 'i32' ? 'i32' : 'f32');

/** What a trace needs of a plan's program: whether it updates state and how often it ran, with any sizes; and the plan's sizes. */
interface PlanContext {
  readonly program: { readonly updates: boolean; runs: number };
  readonly bindings: Bindings;
}

/** A plan ready to run. */
export class BoundPlan {
  readonly plan: Plan;
  readonly #context: GpuContext;
  readonly #shaders: readonly CompiledShader[];
  readonly #parameters: GPUBuffer;
  readonly #parameterOffsets: readonly number[];
  readonly #data: GPUBuffer;
  readonly #dataOffsets: ReadonlyMap<string, number>;
  readonly #readback: Readback;
  readonly #about: PlanContext;
  /** Entries that the state must have one after another. */
  readonly #packed: readonly (readonly string[])[];
  #groups: GPUBindGroup[] = [];
  /** What is cleared, by the number of the dispatch. */
  readonly #cleared = new Map<number, Place & { readonly size: number }>();
  #groupsFor: { state: GpuState | undefined; stateGeneration: number; arenaGeneration: number } | undefined;

  private constructor(context: GpuContext, plan: Plan, shaders: readonly CompiledShader[], about: PlanContext) {
    this.#context = context;
    this.#about = about;
    this.plan = plan;
    this.#shaders = shaders;
    this.#readback = new Readback(context);
    const homes = new Set(plan.dispatches.flatMap(({ values }) => values.map((value) => rootOf(value).home)));
    this.#packed = [...homes].flatMap((home) => (home.kind === 'entries' ? [home.names] : []));
    const { alignment } = context.limits;
    const parameters = layOut(
      plan.dispatches.map((dispatch) => dispatch.parameters.byteLength),
      alignment,
    );
    this.#parameterOffsets = parameters.offsets;
    this.#parameters = context.keptBuffer('the buffer of parameters', parameters.total, usage.uniform | usage.copyTarget);
    const packed = new Uint32Array(parameters.total / 4);
    plan.dispatches.forEach((dispatch, i) => packed.set(dispatch.parameters, parameters.offsets[i]! / 4));
    if (packed.length > 0) context.gpu.queue.writeBuffer(this.#parameters, 0, packed);
    const data = layOut(
      plan.data.map(({ value }) => byteLength(value)),
      alignment,
    );
    this.#dataOffsets = new Map(plan.data.map(({ name }, i) => [name, data.offsets[i]!]));
    this.#data = context.keptBuffer('the buffer of inputs', data.total, usage.storage | usage.copySource | usage.copyTarget);
  }

  /** Compiles a plan's distinct shaders, all at once. */
  static async create(context: GpuContext, plan: Plan, about: PlanContext): Promise<BoundPlan> {
    const compiling = plan.dispatches.map(({ label, code, values, writes }) => context.shader(label, code, values.length, writes));
    const distinct = new Set(compiling);
    let done = 0;
    const report = () => context.events.onCompile?.(done, distinct.size);
    report();
    for (const shader of distinct) shader.then(() => (done++, report())).catch(() => undefined);
    return new BoundPlan(context, plan, await Promise.all(compiling), about);
  }

  #place(value: Value, state: GpuState | undefined, arenas: readonly GPUBuffer[]): Place {
    if (value.home.kind === 'data') return { buffer: this.#data, offset: this.#dataOffsets.get(value.home.name)! };
    if (value.home.kind === 'state') return state!.get(value.home.name)!;
    if (value.home.kind === 'entries') return state!.get(value.home.names[0]!)!;
    if (value.home.kind === 'part') {
      const { buffer, offset } = this.#place(value.home.of, state, arenas);
      return { buffer, offset: offset + value.home.offset * 4 };
    }
    const { arena, offset } = this.plan.memory.placements.get(value)!;
    return { buffer: arenas[arena]!, offset };
  }

  /** Whether bind groups are of the buffers that are there now. */
  #bound(state: GpuState | undefined): boolean {
    const { state: of, stateGeneration, arenaGeneration } = this.#groupsFor ?? {};
    return this.#groupsFor !== undefined && of === state && stateGeneration === (state?.generation ?? 0) && arenaGeneration === this.#context.arenaGeneration;
  }

  #bind(state: GpuState | undefined, arenas: readonly GPUBuffer[]): void {
    this.#groups = this.plan.dispatches.map(({ parameters, values, clears }, i) => {
      const entries: GPUBindGroupEntry[] = [
        { binding: 0, resource: { buffer: this.#parameters, offset: this.#parameterOffsets[i]!, size: parameters.byteLength } },
      ];
      const bound = values.map((value) => ({ ...this.#place(value, state, arenas), size: byteLength(value) }));
      entries.push(...bound.map((resource, k) => ({ binding: k + 1, resource })));
      if (clears) this.#cleared.set(i, bound[0]!);
      return this.#context.gpu.createBindGroup({ layout: this.#shaders[i]!.layout, entries });
    });
    this.#groupsFor = { state, stateGeneration: state?.generation ?? 0, arenaGeneration: this.#context.arenaGeneration };
  }

  /** One run: inputs in, one encoder, one submission, results out. */
  async run(data: HostArrays, state: GpuState | undefined): Promise<HostArrays> {
    const { plan } = this;
    const { gpu } = this.#context;
    if (plan.updates.length > 0 && !state) throw new DeviceError(deviceName, 'the graph updates state; give a state to run with');
    const arenas = await this.#context.arenas(plan.memory.arenas);
    // Entries that are new or change their size must not lose what the run still reads: those are replaced after it.
    const fits = (name: string, length: number) => state!.fits(name, length);
    if (!this.#bound(state)) {
      for (const names of this.#packed) await state!.gather(names);
      this.#bind(state, arenas);
    }
    for (const { name, value } of plan.data) {
      const array = data[name]!.data;
      if (value.length > 0)
        gpu.queue.writeBuffer(this.#data, this.#dataOffsets.get(name)!, unshared(array instanceof Float64Array ? Float32Array.from(array) : array));
    }
    const encoder = gpu.createCommandEncoder({ label: 'step' });
    const timer = this.#traced() ? new PassTimer(this.#context, plan.dispatches.length) : undefined;
    this.#encode(encoder, timer);
    const readable = plan.results.map(({ name, value, shape }) => ({
      name,
      ...this.#place(value, state, arenas),
      length: value.length,
      type: value.type,
      shape,
    }));
    const { finish } = this.#readback.encode(encoder, readable);
    const later = plan.updates.filter(({ name, value }) => !fits(name, value.length));
    for (const update of plan.updates) {
      if (later.includes(update)) continue;
      const { name, value, shape } = update;
      const from = this.#place(value, state, arenas);
      const { buffer, offset } = state!.ensure(name, shape, hostType(value));
      if (value.length > 0) encoder.copyBufferToBuffer(from.buffer, from.offset, buffer, offset, value.length * 4);
    }
    gpu.queue.submit([encoder.finish()]);
    if (later.length > 0) this.#replace(later, state!, arenas);
    const results = await this.#context.wait(finish());
    this.#context.check();
    if (timer) await this.#reportTrace(timer);
    return results;
  }

  /**
   * All dispatches in one pass, which clearing an array interrupts; a traced run times each by its shader in a pass of its own, in the same
   * submission.
   */
  #encode(encoder: GPUCommandEncoder, timer: PassTimer | undefined): void {
    const dispatch = (pass: GPUComputePassEncoder, i: number) => {
      pass.setPipeline(this.#shaders[i]!.pipeline);
      pass.setBindGroup(0, this.#groups[i]!);
      pass.dispatchWorkgroups(...this.plan.dispatches[i]!.workgroups);
    };
    if (!timer) {
      let pass = encoder.beginComputePass();
      this.plan.dispatches.forEach((_, i) => {
        const cleared = this.#cleared.get(i);
        if (!cleared) return dispatch(pass, i);
        pass.end();
        encoder.clearBuffer(cleared.buffer, cleared.offset, cleared.size);
        pass = encoder.beginComputePass();
      });
      pass.end();
      return;
    }
    this.plan.dispatches.forEach((_, i) => {
      const pass = encoder.beginComputePass({ timestampWrites: timer.writes(i) });
      dispatch(pass, i);
      pass.end();
    });
    timer.resolve(encoder);
  }

  /** Whether this run is the one to trace: the second of a program that updates state, once for a device. */
  #traced(): boolean {
    const { events, gpu } = this.#context;
    const { program } = this.#about;
    program.runs++;
    return events.onTrace !== undefined && program.updates && program.runs === 2 && this.plan.dispatches.length > 0 && gpu.features.has('timestamp-query');
  }

  async #reportTrace(timer: PassTimer): Promise<void> {
    const { events, gpu } = this.#context;
    const spans = await timer.read();
    timer.release();
    const { onTrace, ...others } = events;
    this.#context.events = others;
    const { vendor, architecture, description } = gpu.adapterInfo;
    onTrace?.(stepTrace(this.plan.dispatches, spans, [vendor, architecture, description].filter(Boolean).join(' '), this.#about.bindings));
  }

  /** Copies updates into entries that are new or of another size, once nothing reads the old ones. */
  #replace(updates: Plan['updates'], state: GpuState, arenas: readonly GPUBuffer[]): void {
    const encoder = this.#context.gpu.createCommandEncoder({ label: 'new state' });
    const sources = updates.map(({ value }) => this.#place(value, state, arenas));
    updates.forEach(({ name, value, shape }, i) => {
      const { buffer, offset } = state.ensure(name, shape, hostType(value));
      if (value.length > 0) encoder.copyBufferToBuffer(sources[i]!.buffer, sources[i]!.offset, buffer, offset, value.length * 4);
    });
    this.#context.gpu.queue.submit([encoder.finish()]);
  }

  /** Frees the plan's buffers. */
  release(): void {
    this.#parameters.destroy();
    this.#data.destroy();
    this.#readback.release();
  }
}
