/** The default images of the pods. The label in the Dockerfile has the same name. */

/** Built from `native/transfer/Dockerfile`. Push it to a registry that the nodes pull from. */
export const IMAGE = 'claimcheck.dev/transfer:0.1.0'

/** The image for delivery `stream`. Any glibc image with sh, head, sha256sum, tar and gzip works. */
export const STREAM_IMAGE = 'debian:stable-slim'
