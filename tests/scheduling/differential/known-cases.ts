/**
 * Small cases with an unexpected result, each recorded from the scheduler of Kubernetes 1.36. The emulated allocator must
 * have the same results, which can be tested without a scheduler.
 */
import type {
  Device,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ResourceSlice,
} from '../../../harness/dra/objects.ts'
import type { Answer, Case } from './test-case.ts'

export interface KnownCase {
  readonly name: string
  /** Whether the case needs attributes that are lists. */
  readonly lists: boolean
  readonly one: Case
  readonly answer: { readonly kind: 'unsatisfiable' | 'refused' } | (Answer & { kind: 'allocated' })
}

const DRIVER = 'nic.example.com'
const own = `device.attributes["${DRIVER}"]`
const UNSATISFIABLE = { kind: 'unsatisfiable' } as const

const slice = (node: string, devices: readonly Device[], rest: Partial<Slice> = {}): ResourceSlice => {
  const { name = 's', driver = DRIVER, pool = node, generation = 1, count = 1 } = rest
  return {
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice',
    metadata: { name: `${node}-${name}` },
    spec: { driver, pool: { name: pool, generation, resourceSliceCount: count }, nodeName: node, devices },
  }
}
interface Slice {
  name: string
  driver: string
  pool: string
  generation: number
  count: number
}

const device = (name: string, attributes: NonNullable<Device['attributes']> = {}): Device => ({
  name,
  attributes,
})
const plain = (...names: string[]): Device[] => names.map((name) => device(name))
const speeds = (...speeds: number[]): Device[] =>
  speeds.map((int, index) => device(`d${index}`, { speed: { int } }))

type Wants = Partial<Omit<DeviceSubRequest, 'name' | 'selectors'>> & { readonly adminAccess?: boolean }
const wants = (rest: Wants, ...expressions: string[]) => ({
  deviceClassName: 'any',
  selectors: expressions.map((expression) => ({ cel: { expression } })),
  ...rest,
})
const exactly = (name: string, rest: Wants, ...expressions: string[]): DeviceRequest => ({
  name,
  exactly: wants(rest, ...expressions),
})
const firstOf = (name: string, ...subs: ReturnType<typeof wants>[]): DeviceRequest => ({
  name,
  firstAvailable: subs.map((sub, index) => ({ ...sub, name: `s${index}` })),
})

const ask = (
  slices: readonly ResourceSlice[],
  requests: readonly DeviceRequest[],
  rest: Partial<Case> & { constraints?: readonly DeviceConstraint[] } = {},
): Case => {
  const { constraints = [], ...more } = rest
  return {
    nodes: [...new Set(slices.flatMap(({ spec }) => spec.nodeName ?? []))],
    slices,
    classes: [{ apiVersion: 'resource.k8s.io/v1', kind: 'DeviceClass', metadata: { name: 'any' }, spec: {} }],
    held: [],
    claims: [{ name: 'c', spec: { devices: { requests, constraints } } }],
    ...more,
  }
}

const gets = (node: string, ...devices: string[]): KnownCase['answer'] => ({
  kind: 'allocated',
  node,
  devices: [{ claim: 'c', devices }],
})
const of = (node: string, request: string, ...devices: string[]): string[] =>
  devices.map((name) => `${request}=${DRIVER}/${node}/${name}`)

const known = (name: string, one: Case, answer: KnownCase['answer'], lists = false): KnownCase => ({
  name,
  one,
  answer,
  lists,
})

const SPEED = `${own}.speed == 1`
const match = { matchAttribute: `${DRIVER}/speed` }
const distinct = { distinctAttribute: `${DRIVER}/speed` }
const listed = (name: string, ...ints: number[]): Device => device(name, { speed: { ints } })

export const KNOWN: readonly KnownCase[] = [
  known(
    'a claim with a selector that does not compile is rejected',
    ask([slice('a', speeds(1))], [firstOf('r', wants({}), wants({}, 'device.'))]),
    { kind: 'refused' },
  ),
  known(
    'a selector that fails on one node fails the claim, although another node could satisfy it',
    ask([slice('a', speeds(1)), slice('b', plain('d'))], [exactly('r', {}, SPEED)]),
    UNSATISFIABLE,
  ),
  known(
    'a selector is evaluated on devices in order until enough match, so it cannot fail on a later device',
    ask([slice('a', [...speeds(1), ...plain('x')])], [exactly('r', {}, SPEED)]),
    gets('a', ...of('a', 'r', 'd0')),
  ),
  known(
    'a selector is not evaluated on a device that is allocated to an earlier request of the pod',
    ask([slice('a', [...plain('a'), ...speeds(1)])], [exactly('first', {}), exactly('r', {}, SPEED)]),
    gets('a', ...of('a', 'first', 'a'), ...of('a', 'r', 'd0')),
  ),
  known(
    'a selector is evaluated on a tainted device',
    ask(
      [
        slice('a', [
          { name: 'a', taints: [{ key: 'example.com/broken', effect: 'NoSchedule' }] },
          ...speeds(1),
        ]),
      ],
      [exactly('r', {}, SPEED)],
    ),
    UNSATISFIABLE,
  ),
  known(
    'a request for all devices evaluates its selector on all of them, although an earlier alternative would fit',
    ask(
      [slice('a', [...speeds(1), ...plain('x')])],
      [firstOf('r', wants({}), wants({ allocationMode: 'All' }, SPEED))],
    ),
    UNSATISFIABLE,
  ),
  known(
    'a request for all devices fails the claim if a constraint rejects one, although another alternative would fit',
    ask([slice('a', speeds(1, 2))], [firstOf('r', wants({ allocationMode: 'All' }), wants({}))], {
      constraints: [match],
    }),
    UNSATISFIABLE,
  ),
  known(
    'a request for all devices fails the claim on every node if a pool of another driver is incomplete',
    ask(
      [
        slice('a', plain('d')),
        slice('b', plain('d')),
        slice('b', plain('x'), { name: 't', driver: 'x.example.com', count: 2 }),
      ],
      [exactly('r', { allocationMode: 'All' }, `device.driver == "${DRIVER}"`)],
    ),
    UNSATISFIABLE,
  ),
  known(
    'a request for all devices falls back to the next alternative if one of them is in use',
    ask([slice('a', plain('d', 'e'))], [firstOf('r', wants({ allocationMode: 'All' }), wants({}))], {
      held: [{ driver: DRIVER, pool: 'a', device: 'e' }],
    }),
    gets('a', ...of('a', 'r/s1', 'd')),
  ),
  known(
    'distinctAttribute compares with only one earlier device of a request',
    ask([slice('a', speeds(1, 2, 1))], [exactly('r', { count: 3 })], { constraints: [distinct] }),
    gets('a', ...of('a', 'r', 'd0', 'd1', 'd2')),
  ),
  known(
    'distinctAttribute compares devices of different requests',
    ask([slice('a', speeds(1, 1, 2))], [exactly('q', {}), exactly('r', {})], { constraints: [distinct] }),
    gets('a', ...of('a', 'q', 'd0'), ...of('a', 'r', 'd2')),
  ),
  known(
    'pools are tried by driver and name, slices by name, devices as published',
    ask(
      [
        slice('a', plain('z', 'y'), { name: 'two', count: 2 }),
        slice('a', plain('x'), { name: 'one', count: 2 }),
        slice('a', plain('w'), { name: 'early', driver: 'early.example.com' }),
        slice('a', plain('v'), { name: 'other', pool: '0' }),
      ],
      [exactly('r', { count: 5 })],
    ),
    gets('a', 'r=early.example.com/a/w', `r=${DRIVER}/0/v`, ...of('a', 'r', 'x', 'z', 'y')),
  ),
  known(
    'an older generation is still used on a node where it is complete and the newer one has no slice',
    ask(
      [slice('a', plain('old'), { pool: 'p' }), slice('b', plain('new'), { pool: 'p', generation: 2 })],
      [exactly('r', {}, '!device.allowMultipleAllocations')],
      { nodes: ['a'] },
    ),
    gets('a', `r=${DRIVER}/p/old`),
  ),
  known(
    'a pool with a duplicate device is ignored, and others are used',
    ask(
      [
        slice('a', plain('d'), { name: 'one', count: 2 }),
        slice('a', plain('d'), { name: 'two', count: 2 }),
        slice('a', plain('x'), { name: 'other', pool: 'q' }),
      ],
      [exactly('r', {})],
    ),
    gets('a', `r=${DRIVER}/q/x`),
  ),
  known(
    'a device with admin access is not available to a later request of the same pod',
    ask([slice('a', plain('d'))], [exactly('watch', { adminAccess: true }), exactly('r', {})]),
    UNSATISFIABLE,
  ),
  known(
    'admin access shares a device with an earlier pod',
    ask([slice('a', plain('d'))], [exactly('watch', { adminAccess: true })], {
      held: [{ driver: DRIVER, pool: 'a', device: 'd' }],
    }),
    gets('a', ...of('a', 'watch', 'd')),
  ),
  known(
    'a claim has at most 32 devices',
    ask(
      [slice('a', speeds(...Array.from({ length: 40 }, () => 1)))],
      [exactly('q', { count: 20 }), exactly('r', { count: 13 })],
    ),
    UNSATISFIABLE,
  ),
  known(
    'an alternative that would exceed 32 devices falls back to the next',
    ask(
      [slice('a', speeds(...Array.from({ length: 40 }, () => 1)))],
      [exactly('q', { count: 31 }), firstOf('r', wants({ count: 2 }), wants({ count: 1 }))],
    ),
    gets(
      'a',
      ...of('a', 'q', ...Array.from({ length: 31 }, (_, index) => `d${index}`)),
      ...of('a', 'r/s1', 'd31'),
    ),
  ),
  known(
    'a list matches no other device under matchAttribute, not even an equal list',
    ask([slice('a', [listed('d', 1, 2), listed('e', 1, 2)])], [exactly('r', { count: 2 })], {
      constraints: [match],
    }),
    UNSATISFIABLE,
    true,
  ),
  known(
    'a list is rejected after another device under distinctAttribute, but accepted before one',
    ask([slice('a', [listed('d', 1), listed('e', 2), ...speeds(1)])], [exactly('r', { count: 2 })], {
      constraints: [distinct],
    }),
    gets('a', ...of('a', 'r', 'd', 'd0')),
    true,
  ),
]
