/**
 * Features of ResourceSlices that claimcheck does not implement, by the names of their fields, so that slices that use them
 * are named and never read as if the fields were absent.
 */
import type { Device, ResourceSlice } from './objects.ts'

/** They decide on which node a device can be used. */
const PLACEMENT_FIELDS = ['nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const
const DEVICE_PLACEMENT_FIELDS = [
  'nodeName',
  'nodeSelector',
  'allNodes',
  'bindsToNode',
  'bindingConditions',
  'bindingFailureConditions',
] as const
/** They decide how many claims can share a device. */
const SHARING_FIELDS = ['sharedCounters'] as const
const DEVICE_SHARING_FIELDS = ['consumesCounters'] as const

/** Where the devices of these slices can be used is not known from their node name alone; claimcheck leaves them alone. */
export const placementFeatures = (slices: readonly ResourceSlice[]): readonly string[] =>
  fieldsIn(slices, PLACEMENT_FIELDS, DEVICE_PLACEMENT_FIELDS)

/** Features by which claims share devices. Whole devices of such slices are read as others are. */
export const sharingFeatures = (slices: readonly ResourceSlice[]): readonly string[] => [
  ...fieldsIn(slices, SHARING_FIELDS, DEVICE_SHARING_FIELDS),
  ...(devicesIn(slices).some(hasRequestPolicy) ? ['capacity.requestPolicy'] : []),
]

export const hasRequestPolicy = ({ capacity = {} }: Device): boolean =>
  Object.values(capacity).some(({ requestPolicy }) => requestPolicy !== undefined)

const devicesIn = (slices: readonly ResourceSlice[]): readonly Device[] =>
  slices.flatMap(({ spec }) => spec.devices ?? [])

function fieldsIn(
  slices: readonly ResourceSlice[],
  ofSlice: readonly (keyof ResourceSlice['spec'])[],
  ofDevice: readonly (keyof Device)[],
): readonly string[] {
  const devices = devicesIn(slices)
  return [
    ...ofSlice.filter((field) => slices.some(({ spec }) => isSet(spec[field]))),
    ...ofDevice
      .filter((field) => devices.some((device) => isSet(device[field])))
      .map((field) => `devices.${field}`),
  ]
}

/** False and an empty list are what an absent field means. */
export const isSet = (value: unknown): boolean =>
  value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0)
