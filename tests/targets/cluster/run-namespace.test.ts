/** Sweep removes a Namespace only when its name, its label and its manager agree. */
import { expect, test } from 'vitest'
import {
  isNamespaceOfRun,
  namespaceManifest,
  runMetadata,
} from '../../../harness/targets/cluster/run-namespace.ts'

const ours = namespaceManifest('0badcafe', runMetadata('0badcafe', 0)).metadata

test('the Namespace of a run is recognized', () => {
  expect(isNamespaceOfRun({ metadata: { uid: 'u', ...ours } })).toBe(true)
})

test.for([
  ['kube-system with the label of a run', { ...ours, name: 'kube-system' }],
  ['default with every label of a run', { ...ours, name: 'default' }],
  ['the name of another run', { ...ours, name: 'claimcheck-deadbeef' }],
  ['no manager', { ...ours, labels: { 'claimcheck.dev/run': '0badcafe' } }],
  ['another manager', { ...ours, labels: { ...ours.labels, 'app.kubernetes.io/managed-by': 'Helm' } }],
  ['an empty run', { ...ours, name: 'claimcheck-', labels: { ...ours.labels, 'claimcheck.dev/run': '' } }],
  ['no labels', { name: ours.name }],
])('%s is not', ([, metadata]) => {
  expect(isNamespaceOfRun({ metadata: { uid: 'u', ...(metadata as typeof ours) } })).toBe(false)
})
