// What tables, pages and cards say of figures by prompts that are no zero-shot figures.

/** Of findings by whose labels a model's images were trained. */
export const labelSupervised = 'not zero-shot: the images were trained by labels of these findings';

/** Of the head that label supervision trained: what its AUCs are against, and that it may no longer fit. */
export const labelHeadWords = {
  labels: "by the head that label supervision trained, against the rule labeller's labels of these studies' reports",
  truths:
    "by the same head, against the data set's own labels, or those of Open-I's MeSH tags and what the rule labeller reads in the impression; in parentheses the label whose output answers",
  stale: 'stage 2 trained the image encoder on without label supervision: the head no longer fits it, and its AUCs say little',
} as const;
