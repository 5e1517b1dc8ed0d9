/** Generates random claims, one or two per pod, with alternatives, selectors, tolerations and constraints. */
import * as fc from 'fast-check'
import type {
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  DeviceToleration,
  ExactRequest,
} from '../../../harness/dra/objects.ts'
import type { NamedClaimSpec } from '../../../harness/scheduling/device-request.ts'
import { onceIn } from './once-in.ts'
import type { Scope } from './test-case.ts'
import { effect, taintKey, taintValue } from './generate-devices.ts'
import { nic, selectorsFor, standard, type ClassName } from './generate-selectors.ts'

const toleration: fc.Arbitrary<DeviceToleration> = fc.oneof(
  fc.record({ operator: fc.constant('Exists'), key: taintKey, effect }, { requiredKeys: ['operator'] }),
  fc.record(
    { operator: fc.constant('Equal'), key: taintKey, value: taintValue, effect },
    { requiredKeys: ['operator', 'key'] },
  ),
)

const tolerations = ({ theme }: Scope) =>
  onceIn(theme === 'taints' ? 2 : 8, fc.array(toleration, { minLength: 1, maxLength: 2 }))

const count = (min: number, max: number) => fc.integer({ min, max }).map((count) => ({ count }))
const all = fc.constant({ allocationMode: 'All' as const })
const mode = ({ theme }: Scope) =>
  theme === 'constraints'
    ? fc.oneof({ weight: 4, arbitrary: count(1, 4) }, { weight: 1, arbitrary: all })
    : fc.oneof(
        { weight: 9, arbitrary: count(1, 2) },
        { weight: 2, arbitrary: count(3, 9) },
        { weight: 1, arbitrary: all },
      )

const CLASSES: Readonly<Record<Scope['theme'], readonly ClassName[]>> = {
  field: ['gpu', 'gpu', 'gpu', 'nic', 'nic', 'nic', 'rdma', 'any'],
  taints: ['gpu', 'nic', 'rdma', 'any'],
  constraints: ['nic', 'nic', 'rdma', 'rdma', 'gpu'],
}

const subRequest = (scope: Scope) =>
  fc.constantFrom(...CLASSES[scope.theme]).chain((deviceClassName) => {
    const selectors = selectorsFor(deviceClassName, scope.lists)
    return fc
      .record({
        deviceClassName: fc.constant(deviceClassName),
        selectors: scope.theme === 'constraints' ? onceIn(4, selectors) : selectors,
        mode: mode(scope),
        tolerations: tolerations(scope),
      })
      .map(({ mode, selectors, tolerations, ...rest }) => ({
        ...rest,
        ...mode,
        selectors: selectors ?? [],
        ...(tolerations === null ? {} : { tolerations }),
      }))
  })

type Unnamed = { exactly: ExactRequest } | { firstAvailable: DeviceSubRequest[] }

/** Requests one particular device of a node, so that the allocation is unique. */
const pinned = fc.tuple(fc.boolean(), fc.nat({ max: 4 })).map(([isGpu, n]): Unnamed => {
  const expression = isGpu
    ? `${standard}["pciBusID"] == "000${n + 1}:00:00.0"`
    : `${nic}.?rdmaDevice.orValue("") == "mlx5_${n}"`
  return { exactly: { deviceClassName: isGpu ? 'gpu' : 'nic', selectors: [{ cel: { expression } }] } }
})

const request = (scope: Scope): fc.Arbitrary<Unnamed> =>
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc
        .tuple(subRequest(scope), onceIn(15, fc.constant({ adminAccess: true })))
        .map(([sub, admin]) => ({ exactly: { ...sub, ...admin } })),
    },
    {
      weight: 1,
      arbitrary: fc.array(subRequest(scope), { minLength: 1, maxLength: 3 }).map((subs) => ({
        firstAvailable: subs.map((sub, index) => ({ ...sub, name: `s${index}` })),
      })),
    },
  )

const constraint = fc.record({
  kind: fc.constantFrom('matchAttribute' as const, 'matchAttribute' as const, 'distinctAttribute' as const),
  attribute: fc.constantFrom(
    'resource.kubernetes.io/numaNode',
    'resource.kubernetes.io/numaNode',
    'dra.net/numaNode',
    'dra.net/mtu',
    'dra.net/rdma',
    'dra.net/firmware',
    'gpu.nvidia.com/driverVersion',
  ),
  /** The requests that a constraint covers; an empty list covers all. */
  covers: fc.array(fc.nat({ max: 11 }), { maxLength: 2 }),
})

const claim = (scope: Scope): fc.Arbitrary<NamedClaimSpec['spec']> =>
  fc
    .record({
      requests: fc.oneof(
        { weight: 3, arbitrary: fc.array(request(scope), { minLength: 1, maxLength: 1 }) },
        { weight: 3, arbitrary: fc.array(request(scope), { minLength: 2, maxLength: 3 }) },
        {
          weight: scope.theme === 'constraints' ? 0 : 2,
          arbitrary: fc.uniqueArray(pinned, { minLength: 1, maxLength: 3, selector: JSON.stringify }),
        },
      ),
      constraints: onceIn(
        scope.theme === 'constraints' ? 1 : 5,
        fc.array(constraint, { minLength: 1, maxLength: 2 }),
      ),
    })
    .map(({ requests, constraints }) => {
      const named = requests.map((one: Unnamed, index): DeviceRequest => ({ ...one, name: `r${index}` }))
      const names = named.flatMap(namesOf)
      return {
        devices: {
          requests: named,
          constraints: (constraints ?? []).map(({ kind, attribute, covers }): DeviceConstraint => {
            const whom = [...new Set(covers.map((n) => names[n % names.length] ?? 'r0'))]
            return { [kind]: attribute, ...(whom.length === 0 ? {} : { requests: whom }) }
          }),
        },
      }
    })

/** The names by which a constraint can refer to a request. */
const namesOf = (request: DeviceRequest): string[] =>
  'exactly' in request
    ? [request.name]
    : [request.name, ...request.firstAvailable.map((sub) => `${request.name}/${sub.name}`)]

export const claims = (scope: Scope): fc.Arbitrary<NamedClaimSpec[]> =>
  fc
    .oneof(
      { weight: 4, arbitrary: claim(scope).map((one) => [one]) },
      { weight: 1, arbitrary: fc.tuple(claim(scope), claim(scope)) },
    )
    .map((specs) => specs.map((spec, index) => ({ name: `c${index}`, spec })))
