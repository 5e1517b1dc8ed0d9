/**
 * Small cases in which Kubernetes' answer surprises, each with the answer that the scheduler of Kubernetes 1.36 gave.
 * The emulated allocator has to give the same, whether or not a scheduler is at hand to be asked again.
 */
import type {
  Device,
  DeviceConstraint,
  DeviceRequest,
  DeviceSubRequest,
  ResourceSlice,
} from '../../../harness/dra/objects.ts'
import type { Answer, Case } from './case.ts'

export interface KnownCase {
  readonly name: string
  /** Whether it needs attributes that are lists. */
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
    'a selector that does not compile is refused with its claim',
    ask([slice('a', speeds(1))], [firstOf('r', wants({}), wants({}, 'device.'))]),
    { kind: 'refused' },
  ),
  known(
    'a selector that fails on one node fails the claim, although another node has what it asks for',
    ask([slice('a', speeds(1)), slice('b', plain('d'))], [exactly('r', {}, SPEED)]),
    UNSATISFIABLE,
  ),
  known(
    'a selector is asked of devices in order until there are enough, so a later device cannot fail it',
    ask([slice('a', [...speeds(1), ...plain('x')])], [exactly('r', {}, SPEED)]),
    gets('a', ...of('a', 'r', 'd0')),
  ),
  known(
    'a selector is not asked of a device that an earlier request of the pod has',
    ask([slice('a', [...plain('a'), ...speeds(1)])], [exactly('first', {}), exactly('r', {}, SPEED)]),
    gets('a', ...of('a', 'first', 'a'), ...of('a', 'r', 'd0')),
  ),
  known(
    'a selector is asked of a tainted device',
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
    'a request for all devices asks its selector of all of them, although an earlier alternative would do',
    ask(
      [slice('a', [...speeds(1), ...plain('x')])],
      [firstOf('r', wants({}), wants({ allocationMode: 'All' }, SPEED))],
    ),
    UNSATISFIABLE,
  ),
  known(
    'a request for all devices fails the claim where a constraint refuses one, although another alternative would do',
    ask([slice('a', speeds(1, 2))], [firstOf('r', wants({ allocationMode: 'All' }), wants({}))], {
      constraints: [match],
    }),
    UNSATISFIABLE,
  ),
  known(
    'a request for all devices fails the claim where a pool of another driver is incomplete, on every node',
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
    'a request for all devices gives way to the next alternative where one of them is in use',
    ask([slice('a', plain('d', 'e'))], [firstOf('r', wants({ allocationMode: 'All' }), wants({}))], {
      held: [{ driver: DRIVER, pool: 'a', device: 'e' }],
    }),
    gets('a', ...of('a', 'r/s1', 'd')),
  ),
  known(
    'distinctAttribute looks back at one device of a request only',
    ask([slice('a', speeds(1, 2, 1))], [exactly('r', { count: 3 })], { constraints: [distinct] }),
    gets('a', ...of('a', 'r', 'd0', 'd1', 'd2')),
  ),
  known(
    'distinctAttribute tells devices of different requests apart',
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
    'an older generation still counts on a node where it is whole and the newer one has nothing',
    ask(
      [slice('a', plain('old'), { pool: 'p' }), slice('b', plain('new'), { pool: 'p', generation: 2 })],
      [exactly('r', {}, '!device.allowMultipleAllocations')],
      { nodes: ['a'] },
    ),
    gets('a', `r=${DRIVER}/p/old`),
  ),
  known(
    'a pool with a device twice does not count, and others do',
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
    'admin access keeps the device from a later request of the same pod',
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
    'a claim has 32 devices at most',
    ask(
      [slice('a', speeds(...Array.from({ length: 40 }, () => 1)))],
      [exactly('q', { count: 20 }), exactly('r', { count: 13 })],
    ),
    UNSATISFIABLE,
  ),
  known(
    'an alternative that would make it more than 32 devices gives way to the next',
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
    'a list goes with no other device under matchAttribute, not even with its like',
    ask([slice('a', [listed('d', 1, 2), listed('e', 1, 2)])], [exactly('r', { count: 2 })], {
      constraints: [match],
    }),
    UNSATISFIABLE,
    true,
  ),
  known(
    'a list goes with no device before it under distinctAttribute, but with those after it',
    ask([slice('a', [listed('d', 1), listed('e', 2), ...speeds(1)])], [exactly('r', { count: 2 })], {
      constraints: [distinct],
    }),
    gets('a', ...of('a', 'r', 'd', 'd0')),
    true,
  ),
]
