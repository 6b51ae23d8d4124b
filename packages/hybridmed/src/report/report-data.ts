// What a report shows, as plain data: the page is a function of it.
import type { CheckpointInfo } from '@hybridmed/runtime';
import type { Provenance } from '@hybridmed/runtime/run';
import type { EvaluationReport, Example } from '@hybridmed/tasks/node';
import type { StepLine, ValidationLine } from '@hybridmed/training';
import type { RunConfig } from '@hybridmed/runtime/settings';

/** A held-out study: its true and generated impressions and, if its files are available, a thumbnail and the findings section. */
export interface ReportStudy extends Example {
  /** The radiograph as a data URI. */
  readonly thumbnail?: string;
  /** The findings section that the summarization branch read. */
  readonly findingsSection?: string;
}

/** Studies that fail by one rule, each with the reason. */
export interface FailureGroup {
  readonly title: string;
  readonly rule: string;
  readonly cases: readonly { readonly study: ReportStudy; readonly reason: string }[];
}

/** Images that an impression retrieves, nearest first; `own` is that of its own study. */
export interface RetrievedImages {
  readonly study: ReportStudy;
  readonly images: readonly { readonly id: string; readonly thumbnail?: string; readonly own: boolean }[];
}

/** A study's heat maps: pictures as data URIs, and whether each is brightest inside the finding's region, if that is known. */
export interface MapExample {
  readonly study: ReportStudy;
  readonly maps: readonly { readonly title: string; readonly caption: string; readonly picture: string; readonly inside?: boolean }[];
}

/** Everything a report shows. */
export interface ReportData {
  /** The run's folder with its parent folder. */
  readonly run: string;
  /** When the report was written, ISO 8601. */
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
  /** Studies for whose image the nearest impressions are shown. */
  readonly imageQueries: readonly ReportStudy[];
  readonly impressionQueries: readonly RetrievedImages[];
  readonly maps: readonly MapExample[];
  readonly failures: readonly FailureGroup[];
}
