/**
 * Types of the `resource.k8s.io/v1` objects that claimcheck reads and writes, with the fields that it uses. Objects from
 * outside are checked where they are read.
 */

/** One attribute value: exactly one of the keys, as the API writes it. `ints`, `strings`, ... are the list forms. */
export type AttributeValue =
  | { readonly string: string }
  | { readonly int: number }
  | { readonly bool: boolean }
  | { readonly version: string }
  | { readonly strings: readonly string[] }
  | { readonly ints: readonly number[] }
  | { readonly bools: readonly boolean[] }
  | { readonly versions: readonly string[] }

export interface DeviceTaint {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'NoExecute' | 'None'
}

export interface Device {
  readonly name: string
  /** Keys are `domain/id`, or `id` alone for the driver's own domain. */
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly capacity?: Readonly<
    Record<string, { readonly value: string; readonly requestPolicy?: Readonly<Record<string, unknown>> }>
  >
  readonly allowMultipleAllocations?: boolean
  readonly taints?: readonly DeviceTaint[]
  // The fields below are recognised and named, not implemented; see slice-features.ts.
  readonly nodeName?: string
  readonly nodeSelector?: unknown
  readonly allNodes?: boolean
  readonly bindsToNode?: boolean
  readonly bindingConditions?: readonly string[]
  readonly bindingFailureConditions?: readonly string[]
  readonly consumesCounters?: readonly unknown[]
}

export interface ResourceSlice {
  readonly apiVersion: 'resource.k8s.io/v1'
  readonly kind: 'ResourceSlice'
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly driver: string
    readonly pool: {
      readonly name: string
      readonly generation: number
      readonly resourceSliceCount: number
    }
    readonly nodeName?: string
    readonly allNodes?: boolean
    readonly nodeSelector?: unknown
    readonly perDeviceNodeSelection?: boolean
    readonly sharedCounters?: readonly unknown[]
    readonly devices?: readonly Device[]
  }
}

export interface CelSelector {
  readonly cel: { readonly expression: string }
}

export interface DeviceClass {
  readonly apiVersion: 'resource.k8s.io/v1'
  readonly kind: 'DeviceClass'
  readonly metadata: { readonly name: string }
  readonly spec: { readonly selectors?: readonly CelSelector[] }
}

/** Without a key: every taint. Without an effect: every effect. */
export interface DeviceToleration {
  readonly key?: string
  readonly operator?: 'Exists' | 'Equal'
  readonly value?: string
  readonly effect?: 'NoSchedule' | 'NoExecute'
}

export interface DeviceSubRequest {
  readonly name: string
  readonly deviceClassName: string
  readonly selectors?: readonly CelSelector[]
  readonly allocationMode?: 'ExactCount' | 'All'
  readonly count?: number
  readonly tolerations?: readonly DeviceToleration[]
}

export type ExactRequest = Omit<DeviceSubRequest, 'name'> & { readonly adminAccess?: boolean }

export type DeviceRequest =
  | { readonly name: string; readonly exactly: ExactRequest }
  | { readonly name: string; readonly firstAvailable: readonly DeviceSubRequest[] }

export interface DeviceConstraint {
  /** Names of the requests (or `request/subrequest`) that it applies to. Empty or absent: all requests. */
  readonly requests?: readonly string[]
  readonly matchAttribute?: string
  readonly distinctAttribute?: string
}

export interface ResourceClaimSpec {
  readonly devices: {
    readonly requests: readonly DeviceRequest[]
    readonly constraints?: readonly DeviceConstraint[]
  }
}

export interface ResourceClaimTemplate {
  readonly apiVersion: 'resource.k8s.io/v1'
  readonly kind: 'ResourceClaimTemplate'
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels?: Readonly<Record<string, string>>
  }
  readonly spec: { readonly spec: ResourceClaimSpec }
}

export interface DeviceAllocation {
  /** Request name, or `request/subrequest` of a firstAvailable. */
  readonly request: string
  readonly driver: string
  readonly pool: string
  readonly device: string
}

export interface AllocatedDeviceStatus {
  readonly driver: string
  readonly pool: string
  readonly device: string
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[]
  readonly networkData?: {
    readonly interfaceName?: string
    readonly hardwareAddress?: string
    readonly ips?: readonly string[]
  }
}

interface ResourceClaimStatus {
  readonly allocation?: {
    readonly devices: { readonly results: readonly DeviceAllocation[] }
    readonly nodeSelector?: {
      readonly nodeSelectorTerms: readonly {
        readonly matchFields: readonly {
          readonly key: 'metadata.name'
          readonly operator: 'In'
          readonly values: readonly string[]
        }[]
      }[]
    }
  }
  readonly reservedFor?: readonly { readonly resource: 'pods'; readonly name: string; readonly uid: string }[]
  readonly devices?: readonly AllocatedDeviceStatus[]
}

export interface ResourceClaim {
  readonly apiVersion: 'resource.k8s.io/v1'
  readonly kind: 'ResourceClaim'
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string }
  readonly spec: ResourceClaimSpec
  readonly status?: ResourceClaimStatus
}
