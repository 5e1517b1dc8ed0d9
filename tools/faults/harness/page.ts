/** Formats the fault matrix as docs/harness-faults.md. */
import { titleOf, type FaultTarget, type HarnessFault } from './harness-fault.ts'
import type { HarnessFaultsRecord } from './record.ts'

const HEADINGS: Readonly<Record<FaultTarget, string>> = {
  model: 'Runtime `model`',
  process: 'Runtime `process`',
  host: 'Target `host`',
  cluster: 'Target `cluster`',
}

/** Rows of the matrix that the record lacks are listed by title. */
export function harnessFaultsPage({ rows }: HarnessFaultsRecord, matrix: readonly HarnessFault[]): string {
  const unmeasured = matrix.map(titleOf).filter((title) => !rows.some((row) => row.title === title))
  const sections = (Object.keys(HEADINGS) as FaultTarget[]).map(
    (target) => `## ${HEADINGS[target]}

| fault | phase | exit code | codes | left behind | as expected |
| --- | --- | --- | --- | --- | --- |
${rows
  .filter((end) => end.target === target)
  .map(rowOf)
  .join('\n')}
`,
  )
  return `# How runs of the harness end

Written by \`npm run faults -- --harness\`; do not edit it. Each row is one real \`claimcheck run\` that was disturbed when it
reached the phase. "Left behind" counts processes, network interfaces, mounts, abstract sockets, shared memory, temporary files
and partial reports, and on a cluster Namespaces and ResourceClaims, 15 s after the end at the latest. The codes are those of
\`results.json\`, else of \`junit.xml\`, else of the output.

Target \`host\` is this machine without GPUs, with a stand-in for nvidia-smi.

Target \`cluster\` is a real control plane on this machine behind a proxy that injects the faults; its kubelets are simulated, so
no container runs. A run that cannot reach its cluster, or is killed, leaves its Namespace: the row says so by "swept", and
"left behind" is what remains after \`claimcheck sweep --yes\`. Real kubelets, drivers and networks are disturbed by the tests
of the lab, \`npm run test:lab\`.

${sections.join('\n')}${unmeasured.length === 0 ? '' : `\n## Not measured yet\n\n${unmeasured.map((title) => `- ${title}\n`).join('')}`}`
}

const rowOf = ({
  fault,
  phase,
  exit,
  codes,
  left,
  holds,
  swept,
}: HarnessFaultsRecord['rows'][number]): string =>
  `| ${fault}${swept ? ', swept' : ''} | ${phase} | ${exit} | ${codes.join(', ')} | ${left.length === 0 ? 'nothing' : left.join(', ')} | ${holds ? 'yes' : 'no'} |`
