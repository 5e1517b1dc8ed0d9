/** The character devices DRANET injects for NICs: takes their numbers N; gives paths, rdma_cm first. */
export function infinibandPaths(charDevices: readonly number[]): string[] {
  if (charDevices.length === 0) return []
  return [
    '/dev/infiniband/rdma_cm',
    ...charDevices.flatMap((n) => [`/dev/infiniband/uverbs${n}`, `/dev/infiniband/umad${n}`]),
  ]
}
