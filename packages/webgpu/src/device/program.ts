// A compiled graph on the GPU: one plan for each set of sizes it meets.
import type { Bindings, Graph, HostArrays, Precision, Program } from '@hybridmed/tensor';
import { bindInputs, decompose } from '@hybridmed/tensor';
import type { Plan } from '../plan/plan.ts';
import { makePlan } from '../plan/plan.ts';
import { mixedPrecision } from '../plan/precision.ts';
import { fullPrecision } from '../plan/storage.ts';
import type { PlanSummary } from '../plan/summary.ts';
import { summarize } from '../plan/summary.ts';
import { rules } from '../rules/table.ts';
import { keepsLogits } from '../rules/vocabulary-loss.ts';
import { BoundPlan } from './bound-plan.ts';
import type { GpuContext } from './context.ts';
import { deviceName } from './errors.ts';
import type { GpuState } from './state.ts';

/** Plans kept for different sizes; the one used longest ago goes first. */
const maxPlans = 24;

/** A program, with what its plans take. */
export interface GpuProgram extends Program {
  /** Plans for given sizes without running. */
  summary(bindings: Bindings): PlanSummary;
}

/** Lowers a graph for a precision once sizes are bound: they decide which losses keep their logits. */
export function compileProgram(context: GpuContext, graph: Graph, precision: Precision): GpuProgram {
  const planOf = (bindings: Bindings): Plan => {
    const lowered = decompose(graph, (op, node) => op in rules && !keepsLogits(node, bindings, context.limits));
    return makePlan(lowered, bindings, context, precision === 'mixed' ? mixedPrecision(lowered) : fullPrecision);
  };
  const plans = new Map<string, Promise<BoundPlan>>();
  const program = { updates: Object.keys(graph.updates).length > 0, runs: 0 };
  const prepare = async (bindings: Bindings): Promise<BoundPlan> => {
    const { tuner } = context;
    await tuner?.load();
    // What the adapter cannot hold is refused by planning, before anything is measured.
    const ruled = planOf(bindings);
    const plan = (await tuner?.decide(ruled.tunables)) ? planOf(bindings) : ruled;
    context.events.onPlan?.(summarize(plan, bindings));
    return BoundPlan.create(context, plan, { program, bindings });
  };
  const planFor = (bindings: Bindings): Promise<BoundPlan> => {
    const key = JSON.stringify(Object.entries(bindings).toSorted());
    const known = plans.get(key);
    if (known) {
      plans.delete(key);
      plans.set(key, known);
      return known;
    }
    const plan = prepare(bindings);
    plans.set(key, plan);
    plan.catch(() => plans.delete(key));
    if (plans.size > maxPlans) {
      const [oldest, dropped] = [...plans][0]!;
      plans.delete(oldest);
      void dropped.then((bound) => bound.release());
    }
    return plan;
  };
  return {
    graph,
    run: (data, state) =>
      context.enqueue(async () => {
        const own = state as GpuState | undefined;
        const shapes = Object.fromEntries(Object.keys(graph.state).flatMap((name) => (own?.get(name) ? [[name, own.get(name)!.shape]] : [])));
        const bindings = bindInputs(deviceName, graph, data, shapes);
        return (await (await planFor(bindings)).run(data, own)) as Record<string, HostArrays[string]>;
      }),
    summary: (bindings) => summarize(planOf(bindings), bindings),
    release() {
      for (const plan of plans.values()) void plan.then((bound) => bound.release()).catch(() => undefined);
      plans.clear();
    },
  };
}
