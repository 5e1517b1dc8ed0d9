/** ResourceSlices as they are published in the field, and the DeviceClasses of their drivers. */
import { readFileSync } from 'node:fs'
import type { DeviceClass, ResourceSlice } from '../../harness/dra/objects.ts'
import { parseResourceSlices } from '../../harness/dra/parse-slices.ts'

/** `name`: of a file in tests/fixtures/field/slices. */
export function fieldSlices(name: string): readonly ResourceSlice[] {
  const path = `tests/fixtures/field/slices/${name}.json`
  return parseResourceSlices(JSON.parse(readFileSync(path, 'utf8')), path)
}

/** One class for each driver, with the name of the driver. */
export const classesFor = (slices: readonly ResourceSlice[]): readonly DeviceClass[] =>
  [...new Set(slices.map(({ spec }) => spec.driver))].map((driver) => ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'DeviceClass',
    metadata: { name: driver },
    spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
  }))
