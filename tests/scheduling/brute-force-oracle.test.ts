import * as fc from 'fast-check'
import { test } from 'vitest'
import { compileSelector } from '../../harness/dra/cel/selector.ts'
import type {
  Device,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ResourceSlice,
} from '../../harness/dra/objects.ts'
import { ClaimcheckError } from '../../harness/core/errors.ts'
import { allocate, type Allocation, type AllocationInput } from '../../harness/scheduling/allocate.ts'

const driver = 'gpu.example.com'
const classes: AllocationInput['classes'] = [
  {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'DeviceClass',
    metadata: { name: 'any' },
    spec: { selectors: [{ cel: { expression: `device.driver == "${driver}"` } }] },
  },
]

const device = fc.record({ colour: fc.constantFrom('red', 'blue'), node: fc.option(fc.nat({ max: 2 })) })
const slice = fc.array(device, { minLength: 1, maxLength: 5 }).map((devices): ResourceSlice => ({
  apiVersion: 'resource.k8s.io/v1',
  kind: 'ResourceSlice',
  metadata: { name: 's' },
  spec: {
    driver,
    pool: { name: 'n', generation: 1, resourceSliceCount: 1 },
    nodeName: 'n',
    devices: devices.map(({ colour, node }, index) => ({
      name: `d${index}`,
      attributes: { colour: { string: colour }, ...(node === null ? {} : { node: { int: node } }) },
    })),
  },
}))
const subRequest = fc
  .record({
    colour: fc.constantFrom('red', 'blue', undefined),
    count: fc.integer({ min: 1, max: 3 }),
    all: fc.boolean(),
  })
  .map(({ colour, count, all }): Omit<DeviceSubRequest, 'name'> => ({
    deviceClassName: 'any',
    selectors:
      colour === undefined
        ? []
        : [{ cel: { expression: `device.attributes["${driver}"].colour == "${colour}"` } }],
    ...(all ? { allocationMode: 'All' } : { count }),
  }))
const request = fc.oneof(
  subRequest.map((exactly) => ({ exactly })),
  fc.array(subRequest, { minLength: 1, maxLength: 2 }).map((subs) => ({
    firstAvailable: subs.map((sub, index) => ({ ...sub, name: `s${index}` })),
  })),
)
const constraint = fc
  .tuple(
    fc.constantFrom('matchAttribute' as const, 'distinctAttribute' as const),
    fc.constantFrom('node', 'colour'),
    fc.constantFrom([], ['r0'], ['r0', 'r1'], ['r1/s0']),
  )
  .map(([kind, id, requests]) => ({ [kind]: `${driver}/${id}`, requests }))
const input = fc
  .record({
    slice,
    requests: fc.array(request, { minLength: 1, maxLength: 3 }),
    constraints: fc.array(constraint, { maxLength: 2 }),
    used: fc.array(fc.nat({ max: 4 }), { maxLength: 2 }),
  })
  .map(({ slice, requests, constraints, used }): AllocationInput => ({
    claims: [{ name: 'c', spec: { devices: asTheRulesSay(requests, constraints) } }],
    nodes: ['n'],
    slices: [slice],
    classes,
    allocated: used.map((n) => ({ driver, pool: 'n', device: `d${n}`, holder: 'x' })),
  }))

/**
 * Kubernetes deviates from the rules for a constraint on a request for all devices, and for distinctAttribute on a
 * request for several devices; tests/scheduling/differential covers those.
 */
function asTheRulesSay(
  requests: readonly Unnamed[],
  constraints: readonly DeviceConstraint[],
): AllocationInput['claims'][number]['spec']['devices'] {
  const isDistinct = constraints.some(({ distinctAttribute }) => distinctAttribute !== undefined)
  const plain = <T extends Sub>(sub: T): T => {
    if (constraints.length === 0) return sub
    const { allocationMode: _, ...rest } = sub
    return { ...rest, count: isDistinct ? 1 : (sub.count ?? 1) } as T
  }
  const named = requests.map((request, index): DeviceRequest =>
    'exactly' in request
      ? { name: `r${index}`, exactly: plain(request.exactly) }
      : { name: `r${index}`, firstAvailable: request.firstAvailable.map(plain) },
  )
  return { requests: named, constraints }
}
type Sub = Omit<DeviceSubRequest, 'name'>
type Unnamed = { exactly: Sub } | { firstAvailable: DeviceSubRequest[] }

type Assignment = readonly {
  readonly label: string
  readonly sub: Omit<DeviceSubRequest, 'name'>
  readonly devices: readonly Device[]
}[]

const devicesIn = ({ slices }: AllocationInput): readonly Device[] => slices[0]?.spec.devices ?? []
const matches = ({ selectors = [] }: Omit<DeviceSubRequest, 'name'>, device: Device): boolean =>
  selectors.every(({ cel }) => compileSelector(cel.expression, 'oracle').matches(device, driver))

function subsets<T>(items: readonly T[]): T[][] {
  return items.reduce<T[][]>((all, item) => [...all, ...all.map((set) => [...set, item])], [[]])
}

/** Enumerates every assignment of one alternative and a set of devices to each request, without checking any rule. */
function assignments(input: AllocationInput): Assignment[] {
  const requests = input.claims[0]?.spec.devices.requests ?? []
  return requests.reduce<Assignment[]>(
    (all, request) => {
      const choices =
        'exactly' in request
          ? [{ label: request.name, sub: request.exactly }]
          : request.firstAvailable.map((sub) => ({ label: `${request.name}/${sub.name}`, sub }))
      const ways = choices.flatMap((choice) =>
        subsets(devicesIn(input))
          .filter((devices) => hasRightSize(input, choice.sub, devices))
          .map((devices) => ({ ...choice, devices })),
      )
      return all.flatMap((assignment) => ways.map((way) => [...assignment, way]))
    },
    [[]],
  )
}

function hasRightSize(
  input: AllocationInput,
  sub: Omit<DeviceSubRequest, 'name'>,
  devices: readonly Device[],
): boolean {
  if (!devices.every((device) => matches(sub, device))) return false
  if (sub.allocationMode !== 'All') return devices.length === (sub.count ?? 1)
  return (
    devices.length > 0 && devices.length === devicesIn(input).filter((device) => matches(sub, device)).length
  )
}

/** Checks the rules of DRA on a complete assignment. */
function isLawful(input: AllocationInput, assignment: Assignment): boolean {
  const names = assignment.flatMap(({ devices }) => devices.map(({ name }) => name))
  if (new Set(names).size !== names.length) return false
  if (input.allocated.some(({ device }) => names.includes(device))) return false
  return (input.claims[0]?.spec.devices.constraints ?? []).every((constraint) => {
    const { requests = [], matchAttribute, distinctAttribute } = constraint
    const id = (matchAttribute ?? distinctAttribute ?? '').slice(driver.length + 1)
    const values: readonly (string | undefined)[] = assignment
      .filter(
        ({ label }) =>
          requests.length === 0 || requests.some((name) => label === name || label.split('/')[0] === name),
      )
      .flatMap(({ devices }) => devices.map(({ attributes }) => JSON.stringify(attributes?.[id])))
    if (values.includes(undefined)) return false
    return matchAttribute === undefined ? new Set(values).size === values.length : new Set(values).size <= 1
  })
}

/** Names sort like their indices: alternatives s0, s1 and devices d0 to d4. */
const asResults = (assignment: Assignment): string[] =>
  assignment.flatMap(({ label, devices }) => devices.map(({ name }) => `${label}:${name}`))

function firstOf(lawful: readonly Assignment[]): Assignment {
  const key = (assignment: Assignment) => asResults(assignment).join()
  const [first] = lawful.toSorted((a, b) => (key(a) < key(b) ? -1 : 1))
  if (first === undefined) throw new Error('there is one where an allocation was found')
  return first
}

function tryAllocate(input: AllocationInput): Allocation | undefined {
  try {
    return allocate(input)
  } catch (error) {
    if (error instanceof ClaimcheckError && error.code === 'CLAIM_UNSATISFIABLE') return undefined
    throw error
  }
}

test('finds an allocation exactly if the exhaustive search does, and the first in order of alternatives and devices', ({
  expect,
}) => {
  let satisfiable = 0
  let unsatisfiable = 0
  fc.assert(
    fc.property(input, (input) => {
      const lawful = assignments(input).filter((assignment) => isLawful(input, assignment))
      const found = tryAllocate(input)
      expect(found !== undefined).toBe(lawful.length > 0)
      if (found === undefined) {
        unsatisfiable++
        return
      }
      satisfiable++
      const results = found.claims.flatMap(({ results }) => results)
      expect(results.map(({ request, device }) => `${request}:${device}`)).toEqual(asResults(firstOf(lawful)))
    }),
    { numRuns: 400 },
  )
  expect(Math.min(satisfiable, unsatisfiable)).toBeGreaterThan(40)
})

test('a request for more devices than match is rejected at once, however many devices exist', ({
  expect,
}) => {
  const devices = Array.from({ length: 62 }, (_, index) => ({
    name: `d${index}`,
    attributes: { half: { int: index % 2 } },
  }))
  const slices: ResourceSlice[] = [
    {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceSlice',
      metadata: { name: 's' },
      spec: { driver, pool: { name: 'n', generation: 1, resourceSliceCount: 1 }, nodeName: 'n', devices },
    },
  ]
  const claims = (count: number) => [
    {
      name: 'c',
      spec: {
        devices: {
          requests: [{ name: 'r', exactly: { deviceClassName: 'any', count } }],
          constraints: [{ matchAttribute: `${driver}/half` }],
        },
      },
    },
  ]
  const given = { nodes: ['n'], slices, classes, allocated: [], stepLimit: 1000 }
  expect(allocate({ ...given, claims: claims(31) }).claims[0]?.results).toHaveLength(31)
  expect(() => allocate({ ...given, claims: claims(32) })).toThrow(
    expect.objectContaining({ code: 'CLAIM_UNSATISFIABLE' }),
  )
})
