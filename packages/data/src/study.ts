// What every data set gives, whatever its files look like: studies, questions, counts and drops.

/** Parts of a data set. */
export type Split = 'train' | 'validate' | 'test';

/** A rectangle in pixels of the original image: left upper corner and sides. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One image with what is known of it: its report, its labels, its boxes. */
export interface Study {
  /** Unique within the data set. */
  readonly id: string;
  /** The report (or study) the image belongs to; several images may share it. */
  readonly report: string;
  readonly patient?: string | undefined;
  /** Path of the image file. */
  readonly image: string;
  /** Empty where the set has no reports. */
  readonly findings: string;
  /** Empty where the set has no reports. */
  readonly impression: string;
  /** As published: `Frontal`, `PA`, `LATERAL`. */
  readonly view?: string | undefined;
  /** 1 for present, 0 for absent, after the label policy; a label that is missing is unlabelled. */
  readonly labels?: Readonly<Record<string, 0 | 1>> | undefined;
  /** Values as published where a policy was applied to them: 1, 0, and -1 for uncertain. */
  readonly publishedLabels?: Readonly<Record<string, number>> | undefined;
  /** Where the set marks findings; an empty list says that there is nothing to mark. */
  readonly boxes?: readonly Box[] | undefined;
  readonly split: Split;
  /** What else the source says (for Open-I: its MeSH tags). */
  readonly tags?: string | undefined;
}

/** A question about an image. */
export interface Question {
  /** Unique within the data set. */
  readonly id: string;
  /** Path of the image file. */
  readonly image: string;
  /** Name of the image file, where `image` names a part of a shard. */
  readonly imageName?: string;
  readonly patient?: string;
  /** The case the image comes from; several images may share it. */
  readonly study?: string;
  readonly question: string;
  /** Any of these is right; the first is the canonical one. Never empty but where a set keeps its answers back. */
  readonly answers: readonly string[];
  /** Answered by yes or no or by one of what the question names, as the set says. */
  readonly closed: boolean;
  /** The set's kind of question, such as `modality`. */
  readonly category?: string;
  readonly split: Split;
}

/** What a set's files name, whose image may not be on disk. */
export type Candidate<T extends Study | Question> = T & { readonly absent?: true };

/** What a set may count. */
export type CountName = 'reports' | 'studies' | 'images' | 'pairs' | 'questions' | 'rows' | 'patients';

/** Who drew the split: the set's authors, or this package or its user. What is drawn here must not leak; what is published is reported as it is. */
export type SplitOrigin = 'published' | 'drawn';

/** An opened data set: what was kept, and what was dropped and why. */
export interface DataSet {
  readonly name: string;
  readonly spec: string;
  readonly studies: readonly Study[];
  /** Questions of a set for visual question answering. */
  readonly questions?: readonly Question[];
  /** What was found before anything was dropped; only what applies to the set. */
  readonly counts: Readonly<Partial<Record<CountName, number>>>;
  /** Number of images, pairs or questions dropped, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  readonly splitOrigin: SplitOrigin;
  /** What a reader of results should know of the set, a line each. */
  readonly warnings: readonly string[];
}

/**
 * What a caller needs of a set. `pairs`: an image with findings and impression (pre-training, reports, retrieval); `labels`: an image
 * with at least one label (classification); `images`: any image; `questions`: questions about images.
 */
export type DataNeed = 'pairs' | 'labels' | 'images' | 'questions';

/** What happens to a label published as uncertain (-1): present, absent, or unlabelled. */
export type UncertainPolicy = 'ones' | 'zeros' | 'ignore';

/** What happens to placeholders of de-identification (`XXXX`, `___`) in texts: they stay, go, or become `[MASK]`. */
export type DeidPlaceholderPolicy = 'keep' | 'remove' | 'mask';

/** Roles of columns in a table of one's own. */
export type ColumnRole = 'image' | 'findings' | 'impression' | 'id' | 'patient' | 'study' | 'split' | 'view';

/** All roles. */
export const columnRoles = ['image', 'findings', 'impression', 'id', 'patient', 'study', 'split', 'view'] as const satisfies readonly ColumnRole[];

/** What to keep of a set, and how to read it. */
export interface SelectOptions {
  /** `pairs` by default. */
  need?: DataNeed;
  /** Frontal views only (default), or all. */
  views?: 'frontal' | 'all';
  /** Min words of each section of a pair: 3 by default. */
  minWords?: number;
  /** `keep` by default. */
  deidPlaceholders?: DeidPlaceholderPolicy;
  /**
   * For labels published with uncertainty: one policy for all, or one per label. By default the CheXpert protocol's: ones for Atelectasis,
   * Edema and Pleural Effusion, zeros for Cardiomegaly and Consolidation, and the rest ignored.
   */
  uncertain?: UncertainPolicy | Readonly<Record<string, UncertainPolicy>>;
  /** What a label that the table leaves blank (not mentioned) becomes: unlabelled (`ignore`, the default) or absent (`zeros`, as in much published code). */
  unmentioned?: 'ignore' | 'zeros';
  /** For `mimic:`: whose labels, `chexpert` by default. */
  labelTable?: 'chexpert' | 'negbio';
  /** A file of split ids (see `writeSplit`) in place of the set's own split. */
  splitFile?: string;
  /** A file of ids (see `writeSplit`) whose images are left out, such as a test set's that is drawn from the same images. */
  excludeIds?: string;
  /** For `csv:`: names of columns by role, where they are not the roles' own names. */
  columns?: Readonly<Partial<Record<ColumnRole, string | undefined>>>;
  /** Of the set's text files that are not in UTF-8 or, by their mark, in UTF-16: `windows-1252` and other names of the Encoding Standard. */
  encoding?: string;
  /** Folder that keeps indexes of large tables; `false` reads the tables anew. By default `$XDG_CACHE_HOME/hybridmed/index`. */
  index?: string | false;
  /** Is given the set's warnings as it is opened. */
  onWarning?(line: string): void;
}
