/** Formats the fault matrix: docs/harness-faults.md and docs/data/harness-faults.json. */
import type { FaultTarget } from './harness-fault.ts'
import type { FaultEnd } from './run-fault.ts'

const HEADINGS: Readonly<Record<FaultTarget, string>> = {
  model: 'Runtime `model`',
  process: 'Runtime `process`',
  cluster: 'Target `cluster`',
}

export const recordOf = (ends: readonly FaultEnd[]) => ({
  command: 'npm run faults -- --harness',
  rows: ends.map(({ wrong, ...end }) => ({ ...end, holds: wrong === undefined })),
})

export function harnessFaultsPage(ends: readonly FaultEnd[]): string {
  const sections = (Object.keys(HEADINGS) as FaultTarget[]).map(
    (target) => `## ${HEADINGS[target]}

| fault | phase | exit code | codes | left behind | as expected |
| --- | --- | --- | --- | --- | --- |
${ends
  .filter((end) => end.target === target)
  .map(rowOf)
  .join('\n')}
`,
  )
  return `# How runs of the harness end

Written by \`npm run faults -- --harness\`; do not edit it. Each row is one real \`claimcheck run\` that was disturbed when it
reached the phase. "Left behind" counts processes, network interfaces, mounts, abstract sockets, shared memory, temporary files
and partial reports, and on a cluster Namespaces and ResourceClaims, 15 s after the end at the latest. The codes are those of
\`results.json\`, or of the output where there is none.

Target \`cluster\` is a real control plane on this machine behind a proxy that injects the faults; its kubelets are simulated, so
no container runs. A run that cannot reach its cluster, or is killed, leaves its Namespace: the row says so by "swept", and
"left behind" is what remains after \`claimcheck sweep --yes\`. Real kubelets, drivers and networks are disturbed by the tests
of the lab, \`npm run test:lab\`.

${sections.join('\n')}`
}

const rowOf = ({ fault, phase, exit, codes, left, wrong, swept }: FaultEnd): string =>
  `| ${fault}${swept ? ', swept' : ''} | ${phase} | ${exit} | ${codes.join(', ')} | ${left.length === 0 ? 'nothing' : left.join(', ')} | ${wrong === undefined ? 'yes' : 'no'} |`
