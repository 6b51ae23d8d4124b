// What a report page shows, as plain data: the page is a function of it.
import type { CheckpointInfo } from '@hybridmed/runtime';
import type { Provenance } from '@hybridmed/runtime/run';
import type { EvaluationReport, Example } from '@hybridmed/tasks/node';
import type { StepLine, ValidationLine } from '@hybridmed/training';
import type { RunConfig } from '@hybridmed/training/settings';

/** A held-out study: what was written about it and, where its files are at hand, its film and the findings section. */
export interface ReportStudy extends Example {
  /** The film as a data URI. */
  readonly film?: string;
  /** The findings section the summarization branch read. */
  readonly source?: string;
}

/** Studies that one rule picked, each with what the rule saw in it. */
export interface FailureGroup {
  readonly title: string;
  readonly rule: string;
  readonly cases: readonly { readonly study: ReportStudy; readonly reason: string }[];
}

/** Films that an impression finds, nearest first. */
export interface FoundFilms {
  readonly study: ReportStudy;
  readonly films: readonly { readonly id: string; readonly film?: string; readonly own: boolean }[];
}

/** A study's heat maps: pictures as data URIs, and whether they are brightest inside the finding's region, where that is known. */
export interface MapExample {
  readonly study: ReportStudy;
  readonly maps: readonly { readonly title: string; readonly caption: string; readonly picture: string; readonly inside?: boolean }[];
}

/** Everything a page shows. */
export interface ReportData {
  /** The run's folder and the one it is in. */
  readonly run: string;
  /** When the page was written, ISO 8601. */
  readonly written: string;
  readonly version: string;
  readonly config: RunConfig;
  readonly checkpoint: CheckpointInfo;
  readonly provenance?: Provenance;
  readonly metrics: readonly (StepLine | ValidationLine)[];
  readonly evaluation?: EvaluationReport;
  /** What could not be shown, a sentence each. */
  readonly gaps: readonly string[];
  readonly comparisons: readonly ReportStudy[];
  /** Studies whose film's nearest impressions are shown. */
  readonly retrieval: readonly ReportStudy[];
  readonly found: readonly FoundFilms[];
  readonly maps: readonly MapExample[];
  readonly failures: readonly FailureGroup[];
}
