// How a changeset stands in a CHANGELOG: its own words. The packages have one version, so what each depends on of the others is not listed.
module.exports = {
  getReleaseLine: async ({ summary }) => {
    const [first, ...rest] = summary.trim().split('\n');
    return `- ${[first, ...rest.map((line) => (line === '' ? '' : `  ${line}`))].join('\n')}`;
  },
  getDependencyReleaseLine: async () => '',
};
